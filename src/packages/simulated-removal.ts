import type { Cluster, KubernetesObject, ObjectRef } from '../clusters/cluster.ts'
import { INVENTORY_ANNOTATION } from '../clusters/ownership.ts'
import { rankOf } from './apply-waves.ts'
import type { Inventory } from './package-port.ts'
import { type Entry, refOfEntry } from './simulated-inventory.ts'
import { waitForObject } from './simulated-wait.ts'

/** Objects that are waited for, or removed, at once. */
const AT_ONCE = 50

/** Removes what is still ours, in the reverse of the order of application; answers what does not go. */
export async function removeEntries(
  cluster: Cluster,
  inventory: Inventory,
  entries: readonly Entry[],
  { signal, limit }: { signal: AbortSignal | undefined; limit: AbortSignal },
  onGone: (count: number) => void = () => undefined,
): Promise<{ removed: ObjectRef[]; left: { ref: ObjectRef; reason: string }[] }> {
  const removed: ObjectRef[] = []
  const left: { ref: ObjectRef; reason: string }[] = []
  const waves = Map.groupBy(entries, ({ kind }) => rankOf(kind))
  for (const rank of [...waves.keys()].sort((a, b) => b - a)) {
    await inBatches(waves.get(rank) ?? [], async (entry) => {
      const ref = await refOfEntry(cluster, entry, { signal })
      const live = await cluster.get(ref, { signal })
      // What somebody took over since is not ours to remove.
      if (live !== undefined && live.metadata.annotations?.[INVENTORY_ANNOTATION] !== inventory.id) return
      if (live !== undefined) {
        await cluster.delete(ref, { signal, uid: live.metadata.uid })
        const waited = await waitForObject(cluster, ref, judgeGone(live), { limit, signal })
        if (waited.state !== 'done') {
          left.push({ ref, reason: waited.message })
          return
        }
      }
      removed.push(ref)
      onGone(removed.length)
    })
  }
  return { removed, left }
}

function judgeGone({ metadata: { uid } }: KubernetesObject) {
  return (object: KubernetesObject | undefined) => {
    const finalizers = object?.metadata.finalizers ?? []
    const message = finalizers.length > 0 ? `held by ${finalizers.join(', ')}` : 'it is still there'
    return { done: object === undefined || object.metadata.uid !== uid, message }
  }
}

/** Does the work for all items, some at a time. */
export async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let index = 0; index < items.length; index += AT_ONCE)
    await Promise.all(items.slice(index, index + AT_ONCE).map(work))
}
