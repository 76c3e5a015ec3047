import type { JsonObject } from '../json.ts'

/** What names a kind of object on a Kubernetes API server. */
export interface KindRef {
  apiVersion: string
  kind: string
}

/** What names one object. `namespace` is absent on cluster-scoped kinds. */
export interface ObjectRef extends KindRef {
  namespace?: string
  name: string
}

export interface ObjectMeta {
  name: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  finalizers?: string[]
  labels?: Record<string, string>
  annotations?: Record<string, string>
  [key: string]: unknown
}

/** Any Kubernetes object, as it stands on the wire. Fields that we do not know are kept. */
export interface KubernetesObject extends KindRef {
  metadata: ObjectMeta
  spec?: JsonObject
  status?: JsonObject
  [key: string]: unknown
}

/**
 * `SYNCED` ends the first listing of a watch and of every relist after a gap: what was not named by an
 * `ADDED` since the last `RESYNC` is gone. `RESYNC` says that such a relisting starts.
 */
export type WatchEvent =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubernetesObject }
  | { type: 'RESYNC' }
  | { type: 'SYNCED' }

/** Whether a server can be reached; the reason is written for readers. */
export type Reach = { reachable: true } | { reachable: false; reason: string }

export interface WatchOptions {
  /** Called whenever that changes, first when it is known. One connection that breaks says nothing: only when the next attempt fails too is the server away. */
  onReach?: ((reach: Reach) => void) | undefined
  /** Called each time that the server has taken up the watch, after it was allowed to list. */
  onOpen?: (() => void) | undefined
}

export interface Selection {
  namespace?: string
  name?: string
  labelSelector?: string
}

export interface CallOptions {
  signal?: AbortSignal
}

export interface WriteOptions extends CallOptions {
  /** `dryRun=All`: the server answers as if, and writes nothing. */
  dryRun?: boolean
}

export interface LogOptions extends CallOptions {
  /** Of a pod with several; the first when absent. */
  container?: string
  /** Of the container that ran before the present one. */
  previous?: boolean
  /** The last so many lines; 50 when absent. */
  tailLines?: number
  /** The last so many bytes of them; 16 KiB when absent. */
  limitBytes?: number
}

export interface Capacity {
  cpu: string
  memory: string
  pods: string
  [resource: string]: string
}

/**
 * The cluster port: one O-Cloud's Kubernetes API. Drivers: `kubernetes` (any kubeconfig) and `simulated`.
 *
 * Every method rejects with a ServiceError: NOT_FOUND is never thrown by `get` and `delete` (they answer
 * undefined and false); CONFLICT for a field-manager, uid or resourceVersion conflict; APPLY_FAILED for what the server refuses
 * (403, 422, 400: not retryable, the server's own words in the message); UNAVAILABLE with retryable = true when the
 * server cannot be reached, answers 429 or 5xx, or the time limit of the call passes. An aborted signal rejects with
 * the signal's reason.
 */
export interface Cluster {
  readonly oCloudId: string
  readonly simulated: boolean
  /** Where its API server listens, e.g. "https://172.18.0.3:6443"; `simulated://<oCloudId>` for one that listens nowhere. */
  readonly endpoint: string
  /** e.g. "v1.33.13" */
  version(options?: CallOptions): Promise<string>
  /**
   * Server-side apply with our field manager, `fieldValidation=Strict`. `expect` makes it conditional: 'absent' fails with CONFLICT when
   * the object exists, an uid fails with CONFLICT when the object is another one by now.
   */
  apply(
    object: KubernetesObject,
    options?: WriteOptions & { force?: boolean; expect?: 'absent' | { uid: string } },
  ): Promise<KubernetesObject>
  get(ref: ObjectRef, options?: CallOptions): Promise<KubernetesObject | undefined>
  list(kind: KindRef, selection?: Selection, options?: CallOptions): Promise<KubernetesObject[]>
  /**
   * The current objects as ADDED, then SYNCED, then every change, for ever: reconnects with jittered backoff, resumes with bookmarks,
   * relists after 410. Ends only by the signal (then the iteration rejects with its reason) or when the server refuses for good (401, 403, 404 of the kind: APPLY_FAILED).
   */
  watch(kind: KindRef, selection: Selection, signal: AbortSignal, options?: WatchOptions): AsyncIterable<WatchEvent>
  /** Deletes with background propagation; `uid` is a precondition. False when it was not there. Does not wait for finalizers. */
  delete(ref: ObjectRef, options?: WriteOptions & { uid?: string }): Promise<boolean>
  /**
   * Takes a finalizer off that very object, because the controller that should do so is gone. Fine when the finalizer, or the object, is gone already. CONFLICT (retryable)
   * when the object changes at the same time.
   */
  releaseFinalizer(ref: ObjectRef, finalizer: string, options: CallOptions & { uid: string }): Promise<void>
  /** Writes the status subresource; fails with CONFLICT when metadata.resourceVersion is not the current one. */
  updateStatus(object: KubernetesObject, options?: CallOptions): Promise<KubernetesObject>
  /** Is the kind namespaced? Undefined: this server does not know the kind (no such CRD). */
  scope(kind: KindRef, options?: CallOptions): Promise<'Namespaced' | 'Cluster' | undefined>
  /** The end of what a container of a pod printed; empty when it has not started. Undefined: there is no such pod. May hold secrets: mask it before it goes anywhere. */
  logs(pod: { namespace: string; name: string }, options?: LogOptions): Promise<string | undefined>
  close(): Promise<void>
}

/** What `ocloud` answers as status. Times are RFC 3339. */
export interface OCloudStatus {
  reachable: boolean
  /** Why it is not reachable, without secrets. */
  message?: string
  version?: string
  nodes?: number
  capacity?: Capacity
  allocatable?: Capacity
  checkedAt: string
}
