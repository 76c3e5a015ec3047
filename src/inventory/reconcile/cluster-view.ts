import type { Logger } from 'pino'
import { type Amounts, minus, plus } from '../../clusters/amounts.ts'
import type { Cluster, Reach } from '../../clusters/cluster.ts'
import { type Informer, startView } from '../../clusters/informer.ts'
import { messageOf } from '../../errors.ts'
import { type NodeView, viewOfNode } from '../projection/node.ts'
import { keptBy } from '../projection/pods.ts'

const NODE = { apiVersion: 'v1', kind: 'Node' }
const POD = { apiVersion: 'v1', kind: 'Pod' }

/** What one connection to a cluster tells, kept true by its watches. */
export interface ClusterView {
  readonly cluster: Cluster
  nodes: Informer<NodeView>
  /** What pods ask for; undefined as long as they are not known. */
  allocated(): Amounts | undefined
  version(): string | undefined
  /** Resolves when its nodes are known for the first time. */
  synced: Promise<void>
}

export interface ClusterViewParts {
  cluster: Cluster
  onNodes(): void
  onPods(): void
  onReach(reach: Reach): void
  /** The server refuses to tell its nodes. */
  onRefused(error: unknown): void
  signal: AbortSignal
  log: Logger
}

/** Watches nodes and pods; the version is asked for whenever the server has become reachable, for it may be another server then. */
export function viewCluster(parts: ClusterViewParts): ClusterView {
  const { cluster, onNodes, onPods, onReach, onRefused, signal, log } = parts
  const { oCloudId } = cluster
  const allocated: Amounts = {}
  let counted = false
  let version: string | undefined

  async function askVersion(): Promise<void> {
    const before = version
    // One that does not answer is asked when it does.
    version = await cluster.version({ signal }).catch(() => before)
    if (version !== before) onNodes()
  }

  const nodes = startView({
    cluster,
    kind: NODE,
    read: (node) => viewOfNode(node, oCloudId),
    onChange(_key, after, before) {
      if (JSON.stringify(after?.resource) !== JSON.stringify(before?.resource)) onNodes()
    },
    onReach(reach) {
      if (reach.reachable && version !== undefined) void askVersion()
      onReach(reach)
    },
    onRefused,
    signal,
    log,
  })
  const pods = startView({
    cluster,
    kind: POD,
    read: keptBy,
    onChange(_key, after = {}, before = {}) {
      plus(minus(allocated, before), after)
      onPods()
    },
    onRefused: (error) => log.warn({ oCloudId, reason: messageOf(error) }, 'the pods of an O-Cloud cannot be read'),
    signal,
    log,
  })
  void pods.synced.then(() => {
    counted = true
    onPods()
  })
  return {
    cluster,
    nodes,
    allocated: () => (counted ? allocated : undefined),
    version: () => version,
    synced: nodes.synced.then(askVersion),
  }
}
