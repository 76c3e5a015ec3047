import type { Cluster, ObjectRef, OCloudStatus } from '../clusters/cluster.ts'
import type { ClusterLifecycle } from '../clusters/lifecycle.ts'

/** What is looked into: a request's O-Clouds, and what of it stands there. */
export interface Subject {
  /** The request's label on its objects. */
  reference: string
  generation: number
  /** When the work of this generation began: what happened before has other causes. */
  since: string
  phase: string
  failure?: { code: string; step: string | null; cause: string; oCloudId?: string }
  targets: Target[]
}

export interface Target {
  /** Absent for a cluster that is being made and has not been registered yet. */
  oCloudId?: string
  /** When the registry does not know better. */
  name: string
  /** What the request has made there. */
  objects: ObjectRef[]
  namespaces: string[]
  /** Where the request says that operators run. */
  operatorNamespaces: string[]
  /** Where kpt keeps what it applied. */
  inventories: { namespace: string; name: string }[]
  /** The cluster was made by the request itself. */
  made?: { driver: 'kind' | 'simulated'; clusterName: string }
}

/** How clusters are reached. */
export interface DiagnosePorts {
  open(oCloudId: string): Promise<Cluster>
  status(oCloudId: string): Promise<OCloudStatus>
  /** Its name. */
  describe(oCloudId: string): Promise<string>
  lifecycle(driver: 'kind' | 'simulated'): Pick<ClusterLifecycle, 'logs'>
}

/** What a collector gets: a target that answers. */
export interface Scene {
  reference: string
  since: string
  target: Target
  cluster: Cluster
  signal: AbortSignal
}

/** Looks for one thing, within its own time. */
export interface Collector<T> {
  collect(scene: Scene): Promise<T>
  /** Milliseconds. */
  limitMs: number
}

export const nameOf = ({ kind, namespace, name }: Pick<ObjectRef, 'kind' | 'namespace' | 'name'>): string =>
  namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`
