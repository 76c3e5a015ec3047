import type { Cluster, KubernetesObject, ObjectRef } from '../../clusters/cluster.ts'
import { badEndOf } from '../../clusters/container-end.ts'
import { at, conditionOf, isObject, listAt, numberAt, stringAt } from '../../clusters/fields.ts'
import { isCurrent } from '../../clusters/readiness.ts'
import { servedKinds, untilServed } from '../../clusters/served.ts'
import { messageOf } from '../../errors.ts'
import { isAtRest, isDefinition, isWorkload, nameOf } from './object-order.ts'
import { type Seen, type Verdict, type WaitOptions, type Watched, waitFor } from './waiting.ts'

/** Waits by watching until all these objects are current by kstatus, and what definitions define is served; fails early when one cannot become so. */
export async function waitUntilCurrent(
  cluster: Cluster,
  refs: readonly ObjectRef[],
  options: Omit<WaitOptions, 'explain'> & { labelSelector?: string },
): Promise<void> {
  const watched = refs.filter((ref) => !isAtRest(ref))
  if (watched.length === 0) return
  const seen = await waitFor(cluster, watchesFor(watched, options.labelSelector), (seen) => judgeAll(watched, seen), {
    ...options,
    explain: (seen) => explainWorkloads(cluster, watched, seen),
  })
  const definitions = watched.filter(isDefinition).flatMap((ref) => seen.get(ref) ?? [])
  await untilServed(cluster, definitions.flatMap(servedKinds), options.signal)
}

/** One watch for each kind in each namespace; a single object is watched by its name. */
function watchesFor(refs: readonly ObjectRef[], labelSelector: string | undefined): Watched[] {
  const groups = Map.groupBy(refs, ({ apiVersion, kind, namespace }) => JSON.stringify([apiVersion, kind, namespace]))
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (!first) return []
    const { apiVersion, kind, namespace, name } = first
    const scope = namespace === undefined ? {} : { namespace }
    const which = group.length === 1 ? { name } : labelSelector === undefined ? {} : { labelSelector }
    return [{ kind: { apiVersion, kind }, selection: { ...scope, ...which } }]
  })
}

function judgeAll(refs: readonly ObjectRef[], seen: Seen): Verdict {
  const states = refs.map((ref) => {
    const object = seen.get(ref)
    return { ref, ...(object ? isCurrent(object) : { current: false, failed: false, message: 'does not exist' }) }
  })
  const failed = states.find((state) => state.failed)
  if (failed) return { failed: `${nameOf(failed.ref)} ${failed.message}` }
  const waiting = states.filter((state) => !state.current)
  const [first] = waiting
  if (!first) return { done: true }
  const count = states.length - waiting.length
  return {
    done: false,
    percent: (100 * count) / states.length,
    message: `${count} of ${states.length} ready; ${nameOf(first.ref)}: ${first.message}`,
  }
}

const EXPLAIN_WITHIN_MS = 5_000
const PODS_TOLD = 3

/** Why the pods of what is not ready do not run: read once, when a wait has failed. Undefined when there is nothing to tell. */
export async function explainWorkloads(
  cluster: Cluster,
  refs: readonly ObjectRef[],
  seen: Seen,
): Promise<string | undefined> {
  const stuck = refs
    .filter(isWorkload)
    .map((ref) => seen.get(ref))
    .filter((object) => object !== undefined)
    .filter((object) => !isCurrent(object).current)
  const told: string[] = []
  for (const workload of stuck.slice(0, PODS_TOLD)) told.push(...(await explainPods(cluster, workload)))
  return told.length === 0 ? undefined : told.slice(0, PODS_TOLD).join('; ')
}

async function explainPods(cluster: Cluster, workload: KubernetesObject): Promise<string[]> {
  const refused = conditionOf(workload, 'ReplicaFailure')
  if (refused?.status === 'True' && refused.message !== undefined) return [`no pod: ${refused.message}`]
  const { namespace } = workload.metadata
  try {
    const pods = workload.kind === 'Pod' ? [workload] : await podsOf(cluster, workload, namespace)
    return pods.map(whyNotReady).filter((reason) => reason !== undefined)
  } catch (error) {
    return [`its pods could not be read: ${messageOf(error)}`]
  }
}

async function podsOf(
  cluster: Cluster,
  workload: KubernetesObject,
  namespace: string | undefined,
): Promise<KubernetesObject[]> {
  const labels = at(workload, 'spec', 'selector', 'matchLabels')
  if (!isObject(labels) || namespace === undefined) return []
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(',')
  const signal = AbortSignal.timeout(EXPLAIN_WITHIN_MS)
  return cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace, labelSelector }, { signal })
}

/** The scheduler's words, or those of the first container that waits or ended. */
export function whyNotReady(pod: KubernetesObject): string | undefined {
  if (isCurrent(pod).current) return undefined
  const name = `pod ${pod.metadata.name}`
  const scheduled = conditionOf(pod, 'PodScheduled')
  if (scheduled?.status === 'False')
    return `${name}: ${[scheduled.reason, scheduled.message].filter(Boolean).join(': ')}`
  for (const status of [
    ...listAt(pod, 'status', 'initContainerStatuses'),
    ...listAt(pod, 'status', 'containerStatuses'),
  ]) {
    const container = `${name}, container ${stringAt(status, 'name') ?? 'unknown'}`
    const reason = stringAt(status, 'state', 'waiting', 'reason')
    if (reason !== undefined)
      return `${container}: ${[reason, stringAt(status, 'state', 'waiting', 'message')].filter(Boolean).join(': ')}`
    const end = badEndOf(at(status, 'state'))
    if (end) return `${container}: ${end.message}`
  }
  return `${name}: ${isCurrent(pod).message}`
}

/** `2 of 3 ready` for what has replicas, else its own words. */
export function stateOf(object: KubernetesObject): { percent: number; message: string } {
  const wanted = numberAt(object, 'spec', 'replicas') ?? numberAt(object, 'status', 'desiredNumberScheduled')
  const { message } = isCurrent(object)
  if (wanted === undefined || wanted === 0 || !isWorkload(object)) return { percent: 0, message }
  const ready = numberAt(object, 'status', 'readyReplicas') ?? numberAt(object, 'status', 'numberReady') ?? 0
  return { percent: (100 * Math.min(ready, wanted)) / wanted, message: `${ready} of ${wanted} ready` }
}
