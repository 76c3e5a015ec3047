import type { Logger } from 'pino'
import { messageOf } from '../../../errors.ts'
import type { Cluster, KindRef, KubernetesObject } from '../../cluster.ts'

/** What is known of the objects of one kind, kept true by a watch. */
export interface Informer {
  get(key: string): KubernetesObject | undefined
  values(): Iterable<KubernetesObject>
  /** Resolves when the first listing is known. */
  synced: Promise<void>
}

export interface InformerParts {
  cluster: Cluster
  kind: KindRef
  /** `after` is undefined when it is gone, `before` when it is new. */
  onChange(key: string, after: KubernetesObject | undefined, before: KubernetesObject | undefined): void
  signal: AbortSignal
  log: Logger
}

export function keyOf({ metadata }: Pick<KubernetesObject, 'metadata'>): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

/** Follows a kind in all namespaces until the signal aborts, or until the server refuses for good. */
export function startInformer({ cluster, kind, onChange, signal, log }: InformerParts): Informer {
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
    for await (const event of cluster.watch(kind, {}, signal)) {
      if (event.type === 'RESYNC') seen = new Set()
      else if (event.type === 'SYNCED') {
        for (const key of seen === undefined ? [] : [...known.keys()]) if (!seen?.has(key)) set(key, undefined)
        seen = undefined
        resolveSynced()
      } else {
        const key = keyOf(event.object)
        seen?.add(key)
        set(key, event.type === 'DELETED' ? undefined : event.object)
      }
    }
  }

  follow().catch((error: unknown) => {
    if (!signal.aborted) log.error({ kind: kind.kind, reason: messageOf(error) }, 'a simulated controller cannot watch')
    resolveSynced()
  })
  return { get: (key) => known.get(key), values: () => known.values(), synced }
}
