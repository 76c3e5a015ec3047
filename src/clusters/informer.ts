import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import type { Cluster, KindRef, KubernetesObject, Reach } from './cluster.ts'

/** What is known of the objects of one kind, kept true by a watch. */
export interface Informer {
  get(key: string): KubernetesObject | undefined
  values(): Iterable<KubernetesObject>
  /** Resolves when the first listing is known, or when there will be none. */
  synced: Promise<void>
}

export interface InformerParts {
  cluster: Cluster
  kind: KindRef
  /** `after` is undefined when it is gone, `before` when it is new. */
  onChange(key: string, after: KubernetesObject | undefined, before: KubernetesObject | undefined): void
  /** What is kept of an object; all of it when absent. */
  trim?(object: KubernetesObject): KubernetesObject
  /** Whether the server can be reached, whenever that changes. */
  onReach?(reach: Reach): void
  /** The server refused for good, and nothing is followed any more. Without it that is logged. */
  onRefused?(error: unknown): void
  signal: AbortSignal
  log: Logger
}

export function keyOf({ metadata }: Pick<KubernetesObject, 'metadata'>): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

/** Follows a kind in all namespaces until the signal aborts, or until the server refuses for good. */
export function startInformer(parts: InformerParts): Informer {
  const { cluster, kind, onChange, trim, onReach, onRefused, signal, log } = parts
  const known = new Map<string, KubernetesObject>()
  let resolveSynced: () => void = () => undefined
  const synced = new Promise<void>((resolve) => {
    resolveSynced = resolve
  })

  function set(key: string, after: KubernetesObject | undefined): void {
    const before = known.get(key)
    if (after === undefined) known.delete(key)
    else known.set(key, after)
    if (before !== undefined || after !== undefined) onChange(key, after, before)
  }

  async function follow(): Promise<void> {
    let seen: Set<string> | undefined
    for await (const event of cluster.watch(kind, {}, signal, { onReach })) {
      if (event.type === 'RESYNC') seen = new Set()
      else if (event.type === 'SYNCED') {
        for (const key of seen === undefined ? [] : [...known.keys()]) if (!seen?.has(key)) set(key, undefined)
        seen = undefined
        resolveSynced()
      } else {
        const key = keyOf(event.object)
        seen?.add(key)
        set(key, event.type === 'DELETED' ? undefined : (trim?.(event.object) ?? event.object))
      }
    }
  }

  follow().catch((error: unknown) => {
    if (signal.aborted) return resolveSynced()
    if (onRefused) return onRefused(error)
    log.error({ kind: kind.kind, oCloudId: cluster.oCloudId, reason: messageOf(error) }, 'a kind cannot be watched')
    resolveSynced()
  })
  return { get: (key) => known.get(key), values: () => known.values(), synced }
}
