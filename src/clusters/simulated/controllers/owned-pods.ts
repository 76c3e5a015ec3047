import type { KubernetesObject } from '../../cluster.ts'
import { listAt, stringAt } from '../../fields.ts'
import { keyOf } from '../../informer.ts'

export interface Owner {
  kind: string
  name: string
  uid: string
}

/** The pods of each workload, by the workload's uid. */
export interface OwnedPods {
  of(uid: string | undefined): KubernetesObject[]
  set(key: string, after: KubernetesObject | undefined, before: KubernetesObject | undefined): void
}

export function createOwnedPods(): OwnedPods {
  const byOwner = new Map<string, Map<string, KubernetesObject>>()
  return {
    of: (uid) => [...(byOwner.get(uid ?? '')?.values() ?? [])],
    set(key, after, before) {
      const uid = ownerOf(after ?? before)?.uid
      if (uid === undefined) return
      const pods = byOwner.get(uid) ?? new Map()
      byOwner.set(uid, pods)
      if (after === undefined) pods.delete(key)
      else pods.set(keyOf(after), after)
      if (pods.size === 0) byOwner.delete(uid)
    },
  }
}

/** The workload that made the pod. */
export function ownerOf(pod: KubernetesObject | undefined): Owner | undefined {
  const owner = listAt(pod, 'metadata', 'ownerReferences')[0]
  const [kind, name, uid] = [stringAt(owner, 'kind'), stringAt(owner, 'name'), stringAt(owner, 'uid')]
  return kind === undefined || name === undefined || uid === undefined ? undefined : { kind, name, uid }
}
