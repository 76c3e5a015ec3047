import type { CallOptions, Cluster, KubernetesObject, ObjectRef } from '../clusters/cluster.ts'
import type { RunScope } from '../clusters/lifecycle.ts'
import type { JsonObject } from '../json.ts'

/** A package as it will be applied: read from its source, values set. Kept in memory only: it may hold secrets. */
export interface RenderedPackage {
  name: string
  objects: KubernetesObject[]
  /** Where it was found; absent where nobody asked for it. */
  source?: PackageOrigin
}

/** Where a package was found: what a report says, and what pins a later run to the same content. */
export type PackageOrigin =
  | { from: 'package-root'; directory: string }
  | {
      from: 'git'
      repository: string
      /** As it was asked for. */
      ref: string
      commit: string
      directory: string
      /** The commit from which kpt merged the change to this one. */
      mergedFrom?: string
    }

/** A repository that a request names. */
export interface GitSource {
  repository: string
  ref: string
  /** Secret. */
  credential?: string
  /** Lines of known_hosts. */
  hostKeys?: string
}

export interface PackageSource {
  /** Path of the package's folder: in the repository of `git`, else in the catalogue of this worker or under its package root. */
  path: string
  git?: GitSource
  /** The commit that this generation found already: a branch that moves meanwhile does not change the request. */
  commit?: string
  /** The commit that stands: the change to the new one is merged by kpt. */
  standing?: string
  /** Namespace for namespaced objects that name none, and for the inventory. */
  namespace: string
  /** Values for `# kpt-set: ${name}`; a value that no setter takes is an error. */
  values: JsonObject
}

export interface RenderOptions extends CallOptions {
  run?: RunScope
}

/** Reads a package, sets its values and lets kpt run its functions. Errors: PREFLIGHT_FAILED, INVALID_ARGS (a value or a source that does not fit), UNAVAILABLE (retryable). */
export type RenderPackage = (source: PackageSource, options?: RenderOptions) => Promise<RenderedPackage>

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
