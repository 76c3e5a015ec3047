import type { Cluster, KubernetesObject, ObjectRef } from '../clusters/cluster.ts'

export type Waited = { state: 'done' } | { state: 'failed' | 'late'; message: string }

export interface Verdict {
  done: boolean
  failed?: boolean
  message: string
}

/**
 * Watches one object until the verdict on it is final. `limit` ends the waiting with what was said last; an abort of `signal` rejects with its reason.
 */
export async function waitForObject(
  cluster: Cluster,
  ref: ObjectRef,
  judge: (object: KubernetesObject | undefined) => Verdict,
  { limit, signal }: { limit: AbortSignal; signal: AbortSignal | undefined },
): Promise<Waited> {
  const { apiVersion, kind, namespace, name } = ref
  const selection = { name, ...(namespace !== undefined && { namespace }) }
  let message = 'nothing is known of it'
  let current: KubernetesObject | undefined
  let listing = true
  try {
    const either = signal === undefined ? limit : AbortSignal.any([signal, limit])
    for await (const event of cluster.watch({ apiVersion, kind }, selection, either)) {
      if (event.type === 'RESYNC') {
        listing = true
        current = undefined
        continue
      }
      if (event.type === 'SYNCED') listing = false
      else current = event.type === 'DELETED' ? undefined : event.object
      if (listing) continue
      const verdict = judge(current)
      message = verdict.message
      if (verdict.failed === true) return { state: 'failed', message }
      if (verdict.done) return { state: 'done' }
    }
  } catch (error) {
    signal?.throwIfAborted()
    if (!limit.aborted) throw error
  }
  return { state: 'late', message }
}
