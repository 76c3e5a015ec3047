import type { CallOptions } from './cluster.ts'

export interface PortMapping {
  containerPort: number
  hostPort: number
  protocol: 'TCP' | 'UDP' | 'SCTP'
  listenAddress?: string
}

/** What a new cluster shall look like. */
export interface ClusterSpec {
  name: string
  nodeImage?: string
  /** Worker nodes beside the one control plane. */
  workers: number
  podSubnet?: string
  serviceSubnet?: string
  portMappings: PortMapping[]
}

/** Who a cluster belongs to: stands on the cluster itself (container labels), so that it survives the loss of our store. */
export interface ClusterOwner {
  /** provisioningRequestReference */
  reference: string
}

export type ClusterPresence =
  | { state: 'absent' }
  /** It is there; `owner` is undefined when it is not one of ours. `complete` is false when its making was cut off. */
  | { state: 'present'; owner: string | undefined; complete: boolean }

export interface LifecycleOptions extends CallOptions {
  progress?: (percent: number, message: string) => void
  run?: RunScope
}

/** Names the run that a child process belongs to, so that what outlives a killed worker is ended before the step runs again. */
export interface RunScope {
  reference: string
  step: string
}

/**
 * The cluster lifecycle port. Drivers: `kind` and `simulated`. Errors: KIND_FAILED (final, the tool's own words), UNAVAILABLE (retryable).
 */
export interface ClusterLifecycle {
  readonly driver: 'kind' | 'simulated'
  /** The tool and its version, e.g. [{name: 'kind', version: '0.33.0'}]; PREFLIGHT_FAILED names what is missing and what to do. */
  check(options?: CallOptions): Promise<{ name: string; version: string }[]>
  find(name: string, options?: CallOptions): Promise<ClusterPresence>
  /** Makes the cluster and returns when its nodes exist (readiness is the step's verify). */
  create(spec: ClusterSpec, owner: ClusterOwner, options?: LifecycleOptions): Promise<void>
  /** The kubeconfig (secret) that reaches the cluster from here. The simulated driver answers undefined. */
  kubeconfig(name: string, options?: CallOptions): Promise<string | undefined>
  /** False when it was not there. */
  delete(name: string, options?: LifecycleOptions): Promise<boolean>
}
