/** What the HTTP side needs to know. */
export interface HttpSettings {
  /** Seconds of quiet after which an event stream gets a comment line. */
  heartbeatSeconds: number
  /** Key for the markers of lists: the same on every replica, never in a log. */
  markerKey: string
  /** Entries on a page of a list; 100 when absent. */
  listPageSize?: number
  /** Largest body, in bytes; 1 MiB when absent. */
  bodyLimitBytes?: number
  /** Host names (without a port) that the service answers under; absent: any. For a service on loopback: localhost, 127.0.0.1, [::1]. */
  allowedHosts?: readonly string[]
  /** Also answers on the paths that clients of other servers read. */
  compatibilityRoutes?: boolean
  /** A request below the specification's paths without the header `Version` is refused; false when absent. */
  strictVersion?: boolean
  /** Where others reach this service, without a slash at the end; absent: wherever they asked. */
  apiRoot?: string
  /** Largest number of event streams at once; 1,000 when absent. */
  maxEventStreams?: number
}

export const DEFAULT_BODY_LIMIT = 1024 * 1024
/** The address of a request and its headers: more than the largest filter, so that what reads filters can say what is wrong with one. */
export const MAX_HEADER_BYTES = 128 * 1024
export const DEFAULT_LIST_PAGE_SIZE = 100
export const DEFAULT_MAX_EVENT_STREAMS = 1000
