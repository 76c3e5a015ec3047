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
  /** Default 1. More than one needs the tool's load balancer image. */
  controlPlanes?: number
  /** Worker nodes beside the control planes. */
  workers: number
  nodeLabels?: NodeLabels
  podSubnet?: string
  serviceSubnet?: string
  /** Where the API server listens on this host. Default: 127.0.0.1 and a port that is free. */
  apiServer?: { address?: string; port?: number }
  /** Ports of the first control plane node. */
  portMappings: PortMapping[]
  /** Of every component of Kubernetes, e.g. {JobPodReplacementPolicy: true}. */
  featureGates?: Record<string, boolean>
  /** Of the API server, e.g. {'api/alpha': 'false'}. */
  runtimeConfig?: Record<string, string>
  /** YAML documents that are merged into the kubeadm configuration of their `kind`. */
  kubeadmPatches?: string[]
}

/** Labels that nodes are made with. The more special ones win. */
export interface NodeLabels {
  all?: Record<string, string>
  controlPlane?: Record<string, string>
  /** The n-th entry is for the n-th worker. */
  workers?: Record<string, string>[]
}

/** A text of one node, its end when it is longer than what was asked for: secrets are left out. */
export interface NodeLog {
  /** e.g. `edge-control-plane/kubelet.log` */
  name: string
  text: string
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
  /**
   * Makes the cluster and returns when its nodes exist (readiness is the step's verify). What a making that failed has left stays, known as
   * the owner's and not complete, until `delete`: its logs can be read.
   */
  create(spec: ClusterSpec, owner: ClusterOwner, options?: LifecycleOptions): Promise<void>
  /** What is wrong with the machines of a cluster that was made: one sentence for each that is gone or does not run. Asks nothing of Kubernetes itself. */
  faults(spec: Pick<ClusterSpec, 'name' | 'controlPlanes' | 'workers'>, options?: CallOptions): Promise<string[]>
  /**
   * The kubeconfig (secret) that reaches the cluster from here; with `internal` the one that reaches it from a pod of another cluster of this
   * driver (it names the control plane's address, which a restart of the machine may change). The simulated driver answers undefined.
   */
  kubeconfig(name: string, options?: CallOptions & { internal?: boolean }): Promise<string | undefined>
  /**
   * What its nodes wrote, also of a cluster whose making failed and which was not deleted yet. At most `maxBytes` in all (default 1 MiB), in at
   * most a minute. Empty when there is no such cluster. Errors: KIND_FAILED, TIMEOUT.
   */
  logs?(name: string, options?: CallOptions & { maxBytes?: number }): Promise<NodeLog[]>
  /** False when it was not there. */
  delete(name: string, options?: LifecycleOptions): Promise<boolean>
}
