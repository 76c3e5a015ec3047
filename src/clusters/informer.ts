import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import type { Cluster, KindRef, KubernetesObject, Reach } from './cluster.ts'

/** What is known of the objects of one kind, kept true by a watch. */
export interface Informer<T = KubernetesObject> {
  get(key: string): T | undefined
  values(): Iterable<T>
  /** Resolves when the first listing is known, or when there will be none. */
  synced: Promise<void>
}

export interface InformerParts<T = KubernetesObject> {
  cluster: Cluster
  kind: KindRef
  /** `after` is undefined when it is gone, `before` when it is new. */
  onChange(key: string, after: T | undefined, before: T | undefined): void
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
  return startView({ ...parts, read: (object) => object })
}

/** As `startInformer`, and keeps of each object only what `read` makes of it: for kinds of which there are many. */
export function startView<T>(parts: InformerParts<T> & { read(object: KubernetesObject): T }): Informer<T> {
  const { cluster, kind, read, onChange, onReach, onRefused, signal, log } = parts
  const known = new Map<string, T>()
  const first = Promise.withResolvers<void>()

  function set(key: string, after: T | undefined): void {
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
        first.resolve()
      } else {
        const key = keyOf(event.object)
        seen?.add(key)
        set(key, event.type === 'DELETED' ? undefined : read(event.object))
      }
    }
  }

  follow().catch((error: unknown) => {
    if (signal.aborted) return first.resolve()
    if (onRefused) return onRefused(error)
    log.error({ kind: kind.kind, oCloudId: cluster.oCloudId, reason: messageOf(error) }, 'a kind cannot be watched')
    first.resolve()
  })
  return { get: (key) => known.get(key), values: () => known.values(), synced: first.promise }
}
