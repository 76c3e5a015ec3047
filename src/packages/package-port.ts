import type { CallOptions, Cluster, KubernetesObject, ObjectRef } from '../clusters/cluster.ts'
import type { RunScope } from '../clusters/lifecycle.ts'
import type { JsonObject } from '../json.ts'

/** A package as it will be applied: read from under the package root, values set. Kept in memory only: it may hold secrets. */
export interface RenderedPackage {
  name: string
  objects: KubernetesObject[]
}

export interface PackageSource {
  /** Path of the package's folder, relative to the package root. */
  path: string
  /** Namespace for namespaced objects that name none, and for the inventory. */
  namespace: string
  /** Values for `# kpt-set: ${name}`; a value that no setter takes is an error. */
  values: JsonObject
}

export interface AppliedObject {
  ref: ObjectRef
  uid?: string
  action: 'created' | 'updated' | 'unchanged' | 'deleted'
}

export interface ApplyResult {
  objects: AppliedObject[]
}

export interface PackageOptions extends CallOptions {
  run: RunScope
  /** Seconds that the tool waits for objects to become Current. */
  reconcileTimeoutSeconds: number
  progress?: (percent: number, message: string) => void
  /** Called for each object as soon as it stands in the cluster, so that a half-finished apply can be undone. */
  onApplied?: (object: AppliedObject) => void
}

/** Names the set of objects that one package step of one request owns: kpt's inventory. */
export interface Inventory {
  /** Comes from the request's reference and the step's name, never from the client. */
  id: string
  namespace: string
  name: string
}

/**
 * The package port. Drivers: `kpt` (kpt live apply/destroy on any kubeconfig) and `simulated` (the same package files through the cluster port).
 * Errors: PREFLIGHT_FAILED (no such package, a path out of the root, a `pipeline` that cannot be rendered here), APPLY_FAILED with the failed objects in words, CONFLICT that names
 * the owner of what was skipped (trap 4), TIMEOUT when objects do not become Current in time, UNAVAILABLE (retryable).
 */
export interface PackagePort {
  readonly driver: 'kpt' | 'simulated'
  check(options?: CallOptions): Promise<{ name: string; version: string }[]>
  apply(
    cluster: Cluster,
    rendered: RenderedPackage,
    inventory: Inventory,
    options: PackageOptions,
  ): Promise<ApplyResult>
  /** Removes everything in the inventory, and the inventory; returns what is left, with the reason. Fine when nothing is there. */
  destroy(
    cluster: Cluster,
    inventory: Inventory,
    options: PackageOptions,
  ): Promise<{ removed: ObjectRef[]; left: { ref: ObjectRef; reason: string }[] }>
}
