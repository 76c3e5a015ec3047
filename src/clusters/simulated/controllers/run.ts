import type { Logger } from 'pino'
import type { Cluster, KindRef, KubernetesObject } from '../../cluster.ts'
import { numberAt } from '../../fields.ts'
import { type Informer, keyOf, startInformer } from '../../informer.ts'
import { createWorkQueue, type WorkQueue } from '../../work-queue.ts'
import { DEPLOYMENTS, REPLICA_SETS, stalledMs } from './deployments.ts'
import { DAEMON_SETS, JOBS, STATEFUL_SETS } from './other-workloads.ts'
import { createOwnedPods, ownerOf } from './owned-pods.ts'
import { createPlacement } from './placement.ts'
import { createPodWork, type Delays } from './pods.ts'
import { createQuotas } from './quotas.ts'
import type { WorkloadRules } from './workload-rules.ts'
import { createWorkloadWork } from './workloads.ts'
import { writeStatus } from './write-status.ts'

export interface ControllerParts {
  /** Field manager of the controllers. */
  cluster: Cluster
  /** The same cluster with the scheduler as field manager. */
  scheduler: Cluster
  delays: Delays
  signal: AbortSignal
  log: Logger
}

const WORKLOADS: WorkloadRules[] = [DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, DAEMON_SETS, JOBS]
const POD: KindRef = { apiVersion: 'v1', kind: 'Pod' }
const NODE: KindRef = { apiVersion: 'v1', kind: 'Node' }
const QUOTA: KindRef = { apiVersion: 'v1', kind: 'ResourceQuota' }
const CLAIM: KindRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' }

const CONCURRENCY = 32
/** Several pods of a workload change at about the same time: one look at them is enough. */
const GATHER_MS = 20

/**
 * Plays scheduler, kubelets and workload controllers for one cluster until the signal aborts. Everything that it knows comes from the cluster, so that
 * it goes on where another process stopped; two at once only waste work.
 */
export function runControllers({ cluster, scheduler, delays, signal, log }: ControllerParts): void {
  const placement = createPlacement()
  const quotas = createQuotas()
  const owned = createOwnedPods()
  /** Workloads that a quota keeps from being served: kind, and key. */
  const refused = new Map<string, Set<string>>()
  const informers = new Map<string, Informer>()
  const queues = new Map<string, WorkQueue>()
  let live = false

  const podWork = createPodWork({
    cluster,
    scheduler,
    placement,
    delays,
    pods: { get: (key) => informers.get('Pod')?.get(key) },
    queue: () => podQueue,
    isOrphan(pod) {
      const owner = ownerOf(pod)
      const informer = owner && informers.get(owner.kind)
      return (
        informer !== undefined && informer.get(`${pod.metadata.namespace}/${owner?.name}`)?.metadata.uid !== owner?.uid
      )
    },
  })
  // Nothing is done before everything is known: a pod whose owner has not been listed yet is no orphan.
  const work = (doWork: (key: string) => Promise<void>) => (key: string) => (live ? doWork(key) : Promise.resolve())
  const podQueue = createWorkQueue({ work: work(podWork.work), concurrency: CONCURRENCY, signal, log })

  function follow(
    kind: KindRef,
    onChange: (key: string, after?: KubernetesObject, before?: KubernetesObject) => void,
  ): void {
    informers.set(kind.kind, startInformer({ cluster, kind, onChange, signal, log }))
  }

  function followWorkload(rules: WorkloadRules): void {
    const { kind } = rules.kind
    const objects = { get: (key: string) => informers.get(kind)?.get(key) }
    const waiting = new Set<string>()
    refused.set(kind, waiting)
    const onRefused = (key: string) => void waiting.add(key)
    const doWork = createWorkloadWork({ rules, cluster, objects, owned, placement, quotas, onRefused })
    const queue = createWorkQueue({ work: work(doWork), concurrency: CONCURRENCY, signal, log })
    queues.set(kind, queue)
    follow(rules.kind, (key, after, before) => {
      const replaced = before !== undefined && before.metadata.uid !== after?.metadata.uid
      if (replaced) for (const pod of owned.of(before.metadata.uid)) podQueue.add(keyOf(pod))
      if (after === undefined) return
      if (before?.metadata.generation !== after.metadata.generation || replaced) queue.add(key)
      if (kind === 'Deployment' && numberAt(after, 'status', 'unavailableReplicas') !== undefined) {
        queue.add(key, Math.max(stalledMs(after), 1000))
      }
    })
  }

  follow(POD, (key, after, before) => {
    owned.set(key, after, before)
    const freed = placement.setPod(key, after)
    if (quotas.setPod(key, after)) retryRefused()
    for (const quota of informers.get('ResourceQuota')?.values() ?? [])
      if (quota.metadata.namespace === (after ?? before)?.metadata.namespace) quotaQueue.add(keyOf(quota), GATHER_MS)
    if (after === undefined) podWork.forget(key)
    else podQueue.add(key)
    const owner = ownerOf(after ?? before)
    if (owner !== undefined)
      queues.get(owner.kind)?.add(`${(after ?? before)?.metadata.namespace}/${owner.name}`, GATHER_MS)
    if (freed) podWork.retryUnplaced()
  })
  follow(NODE, (_key, after, before) => {
    const name = (after ?? before)?.metadata.name
    if (name !== undefined) placement.setNode(name, after)
    podWork.retryUnplaced()
    lookAgain('DaemonSet')
  })
  for (const rules of WORKLOADS) followWorkload(rules)
  const quotaQueue = createWorkQueue({ work: work(countQuota), concurrency: CONCURRENCY, signal, log })
  follow(QUOTA, (key, after) => {
    quotas.setQuota(key, after)
    retryRefused()
    if (after !== undefined) quotaQueue.add(key, GATHER_MS)
  })
  const claimQueue = createWorkQueue({ work: work(bindClaim), concurrency: CONCURRENCY, signal, log })
  follow(CLAIM, (key) => claimQueue.add(key, delays.startMs))

  async function countQuota(key: string): Promise<void> {
    const quota = informers.get('ResourceQuota')?.get(key)
    if (quota !== undefined) await writeStatus(cluster, quota, quotas.statusOf)
  }

  /** Room may have become free. */
  function retryRefused(): void {
    for (const [kind, waiting] of refused) {
      for (const key of waiting) queues.get(kind)?.add(key, GATHER_MS)
      waiting.clear()
    }
  }

  async function bindClaim(key: string): Promise<void> {
    const claim = informers.get('PersistentVolumeClaim')?.get(key)
    if (claim === undefined) return
    await writeStatus(cluster, claim, ({ spec }) => ({
      phase: 'Bound',
      accessModes: spec?.accessModes ?? ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
    }))
  }

  function lookAgain(kind: string): void {
    for (const object of informers.get(kind)?.values() ?? []) queues.get(kind)?.add(keyOf(object))
  }

  void Promise.all([...informers.values()].map(({ synced }) => synced)).then(() => {
    live = true
    for (const pod of informers.get('Pod')?.values() ?? []) podQueue.add(keyOf(pod))
    for (const claim of informers.get('PersistentVolumeClaim')?.values() ?? []) claimQueue.add(keyOf(claim))
    for (const quota of informers.get('ResourceQuota')?.values() ?? []) quotaQueue.add(keyOf(quota))
    for (const { kind } of WORKLOADS) lookAgain(kind.kind)
  })
}
