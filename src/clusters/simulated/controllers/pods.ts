import type { Cluster, KubernetesObject } from '../../cluster.ts'
import { stringAt } from '../../fields.ts'
import type { Informer } from '../../informer.ts'
import type { WorkQueue } from '../../work-queue.ts'
import type { Placement } from './placement.ts'
import { pendingStatus, phaseOf, runningStatus, succeededStatus } from './pod-status.ts'
import { troubledStatus } from './troubled-pods.ts'
import { writeStatus } from './write-status.ts'

export interface Delays {
  /** Milliseconds from the binding of a pod to its running, at least; the slowest takes twice as long. */
  startMs: number
  /** Milliseconds that a pod of a Job runs. */
  runMs: number
}

export interface PodParts {
  /** Writes what a kubelet writes. */
  cluster: Cluster
  /** Binds; a field manager of its own, so that it owns nodeName and nothing else. */
  scheduler: Cluster
  pods: Pick<Informer, 'get'>
  placement: Placement
  delays: Delays
  /** True when the workload that made the pod is gone. */
  isOrphan(pod: KubernetesObject): boolean
  queue(): WorkQueue
}

/** Scheduler and kubelet for the pods of one cluster, one look at a time. */
export function createPodWork({ cluster, scheduler, pods, placement, delays, isOrphan, queue }: PodParts) {
  /** When each pod that starts, or runs to its end, is done. */
  const due = new Map<string, number>()
  const unplaced = new Set<string>()

  /** True when the time has come; else the pod is looked at again then. */
  function isDue(key: string, phase: string, ms: number): boolean {
    const name = `${phase} ${key}`
    const now = performance.now()
    const at = due.get(name) ?? now + ms
    if (at <= now) {
      due.delete(name)
      return true
    }
    due.set(name, at)
    queue().add(key, at - now + 1)
    return false
  }

  async function bind(key: string, pod: KubernetesObject): Promise<void> {
    const placed = placement.place(key, pod.spec)
    if ('reason' in placed) {
      unplaced.add(key)
      await writeStatus(cluster, pod, (current) => pendingStatus(current, placed.reason))
      return
    }
    unplaced.delete(key)
    const { name, namespace, uid = '' } = pod.metadata
    const binding = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec: { nodeName: placed.node } }
    await scheduler.apply(binding, { expect: { uid } })
  }

  return {
    /** Room may have become free: those that found none try again. */
    retryUnplaced(): void {
      for (const key of unplaced) queue().add(key)
    },
    forget(key: string): void {
      unplaced.delete(key)
      for (const phase of ['Pending', 'Running']) due.delete(`${phase} ${key}`)
    },
    async work(key: string): Promise<void> {
      const pod = pods.get(key)
      if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return
      const { name, namespace, uid } = pod.metadata
      if (isOrphan(pod)) {
        await cluster.delete({ apiVersion: 'v1', kind: 'Pod', namespace, name }, { uid })
        return
      }
      const phase = phaseOf(pod)
      if (phase === 'Pending') {
        if (stringAt(pod, 'spec', 'nodeName') === undefined) await bind(key, pod)
        else if (isDue(key, phase, delays.startMs * (1 + share(pod)))) await writeStatus(cluster, pod, started)
      } else if (
        phase === 'Running' &&
        troubledStatus(pod) === undefined &&
        (stringAt(pod, 'spec', 'restartPolicy') ?? 'Always') !== 'Always'
      ) {
        if (isDue(key, phase, delays.runMs)) await writeStatus(cluster, pod, succeededStatus)
      }
    },
  }
}

const started = (pod: KubernetesObject) => troubledStatus(pod) ?? runningStatus(pod)

/** Between 0 and 1, the same for the same pod: so that not all start at once. */
function share({ metadata }: KubernetesObject): number {
  return (Number.parseInt((metadata.uid ?? '0').slice(0, 2), 16) || 0) / 255
}
