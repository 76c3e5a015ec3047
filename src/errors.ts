/** Every failure that a client can see: its HTTP status, the command line's exit code and a title. */
export const ERROR_CODES = {
  // Requests that are refused
  MALFORMED_BODY: { status: 400, exitCode: 1, title: 'The body cannot be read' },
  INVALID_ARGS: { status: 400, exitCode: 1, title: 'The request is not valid' },
  INVALID_QUERY: { status: 400, exitCode: 1, title: 'The query is not valid' },
  NOT_FOUND: { status: 404, exitCode: 1, title: 'Not found' },
  METHOD_NOT_ALLOWED: { status: 405, exitCode: 1, title: 'The method is not defined on this resource' },
  NOT_ACCEPTABLE: { status: 406, exitCode: 1, title: 'No such version or media type' },
  ALREADY_EXISTS: { status: 409, exitCode: 1, title: 'The id is known already' },
  IN_USE: { status: 409, exitCode: 1, title: 'The resource is in use' },
  WRONG_PHASE: { status: 409, exitCode: 1, title: 'Not possible in this phase' },
  PRECONDITION_FAILED: { status: 412, exitCode: 1, title: 'The resource has changed since' },
  BODY_TOO_LARGE: { status: 413, exitCode: 1, title: 'The body is too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, exitCode: 1, title: 'The media type is not supported' },
  IMMUTABLE: { status: 422, exitCode: 1, title: 'A fixed value cannot be changed' },
  UNKNOWN_TEMPLATE: { status: 422, exitCode: 1, title: 'No such template' },
  TEMPLATE_PARAMETERS: { status: 422, exitCode: 1, title: 'Template parameters do not match the schema' },
  INVALID_TEMPLATE: { status: 422, exitCode: 1, title: 'The template cannot be published' },
  INVALID_OPTIONS: { status: 422, exitCode: 1, title: 'The options do not fit this request' },
  INVALID_KUBECONFIG: { status: 422, exitCode: 1, title: 'The kubeconfig cannot be used' },
  CALLBACK_FAILED: { status: 422, exitCode: 1, title: 'The callback does not pass its test' },
  FORBIDDEN: { status: 403, exitCode: 1, title: 'Not allowed' },
  INTERNAL: { status: 500, exitCode: 6, title: 'The service made a mistake' },
  UNAVAILABLE: { status: 503, exitCode: 1, title: 'Not available at this moment' },
  NO_WORKER: { status: 504, exitCode: 1, title: 'No worker answered in time' },
  // Failures of provisioning: what stands in progress.error.code; the status is that of a dry run which meets them
  PREFLIGHT_FAILED: { status: 422, exitCode: 1, title: 'A precondition does not hold' },
  INSUFFICIENT_CAPACITY: { status: 422, exitCode: 1, title: 'The O-Cloud has too little capacity' },
  KIND_FAILED: { status: 422, exitCode: 2, title: 'kind could not make or remove the cluster' },
  FOCOM_FAILED: { status: 422, exitCode: 3, title: 'FoCoM could not be deployed' },
  SECRET_FAILED: { status: 422, exitCode: 4, title: 'The Secret could not be made' },
  APPLY_FAILED: { status: 422, exitCode: 5, title: 'An object could not be applied' },
  CONFLICT: { status: 409, exitCode: 5, title: 'Somebody else owns the object' },
  PROVISIONING_FAILED: { status: 422, exitCode: 6, title: 'Provisioning failed' },
  CANCELLED: { status: 409, exitCode: 6, title: 'Provisioning was cancelled' },
  SIMULATED_FAILURE: { status: 422, exitCode: 6, title: 'The failure that the request asked for' },
  TIMEOUT: { status: 504, exitCode: 7, title: 'The deadline has passed' },
  CLEANUP_FAILED: { status: 500, exitCode: 8, title: 'Something could not be removed' },
} as const satisfies Record<string, { status: number; exitCode: number; title: string }>

export type ErrorCode = keyof typeof ERROR_CODES

/** One wrong place in a body or a query: an RFC 6901 pointer and what is wrong there. */
export interface FieldError {
  pointer: string
  message: string
}

export interface ServiceErrorDetails {
  cause?: unknown
  /** True: the same call may succeed later (an API server that is away, a conflict that a re-read solves). */
  retryable?: boolean
  /** Seconds for Retry-After. */
  retryAfter?: number
  fields?: FieldError[]
  /** Response headers that belong to the error, e.g. Allow with 405. */
  headers?: Record<string, string>
}

/** The one error of this service: a code from the table, and a sentence that says what to do next. */
export class ServiceError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly fields: FieldError[]
  readonly retryAfter: number | undefined
  readonly headers: Record<string, string>

  constructor(code: ErrorCode, message: string, details: ServiceErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'ServiceError'
    this.code = code
    this.retryable = details.retryable ?? false
    this.fields = details.fields ?? []
    this.retryAfter = details.retryAfter
    this.headers = details.headers ?? {}
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
