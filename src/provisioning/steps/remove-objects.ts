import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import { at, isObject } from '../../clusters/fields.ts'
import { messageOf, ServiceError } from '../../errors.ts'
import type { Made, MadeObject } from '../record.ts'
import { isPastDeadline, throughOutages, Unreachable } from './limits.ts'
import { waitUntilGone } from './looking.ts'
import { isDefinition, isNamespace, isWorkload, nameOf, removalWaves } from './object-order.ts'
import { foreignResourcesOf, residentOf } from './others.ts'
import { isStillOurs, type Owner, ownerLabels, ownerOf, ownerSelector, standingOf } from './ownership.ts'
import type { StepContext, Undone } from './step.ts'
import { waitFor } from './waiting.ts'

type Outcome = 'undone' | 'never-made' | { left: string }

/** Its removal has been asked for. */
interface Deleting {
  object: MadeObject
  pods: Record<string, string> | undefined
}

/**
 * What an undo has to look at. With everything, also the namespaces that its objects stand in: one that another request made and left to us (see `reasonToKeep`)
 * carries our labels, and goes with the last of us.
 */
export function toRemove(made: Made, scope: 'generation' | 'all', generation: number): MadeObject[] {
  const own = made.objects.filter((object) => object.madeIn !== undefined && object.action !== 'deleted')
  if (scope === 'generation') return own.filter((object) => object.madeIn === generation)
  const known = new Set(own.filter(isNamespace).map((object) => object.name))
  const used = made.objects.filter((object) => isNamespace(object)).map((object) => object.name)
  const around = own.map((object) => object.namespace).filter((namespace) => namespace !== undefined)
  const inherited = [...new Set([...used, ...around])].filter((name) => !known.has(name))
  return [
    ...own,
    ...inherited.map((name): MadeObject => ({ apiVersion: 'v1', kind: 'Namespace', name, action: 'unchanged' })),
  ]
}

/**
 * Removes objects that this step made, newest kinds first, and waits by watching until they are gone. Goes through outages until the signal's time limit; what could not
 * be removed is answered with the reason. Rejects only when the run itself ends (fenced, shutdown).
 */
export async function removeObjects(
  cluster: Cluster,
  objects: readonly MadeObject[],
  context: StepContext,
): Promise<Undone> {
  const owner = ownerOf(context)
  const result: Undone = { undone: [], left: [] }
  for (const wave of removalWaves(objects)) {
    const deleted: Deleting[] = []
    for (const object of wave) {
      const outcome = await settled(() => removeOne(cluster, object, owner, context), context.signal)
      if (typeof outcome === 'object' && 'object' in outcome) deleted.push(outcome)
      else note(result, object, outcome)
    }
    for (const { object } of deleted) {
      note(result, object, await settled(() => confirmGone(cluster, object, owner, context.signal), context.signal))
    }
    result.left.push(...(await podsLeft(cluster, deleted, owner, context.signal)))
  }
  return result
}

function note(result: Undone, object: MadeObject, outcome: Outcome): void {
  if (outcome === 'undone') result.undone.push(object)
  else if (outcome !== 'never-made') result.left.push({ ...object, reason: outcome.left })
}

/** Errors of one object do not keep the others from being removed. */
async function settled<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T | { left: string }> {
  try {
    return await work()
  } catch (error) {
    if (signal.aborted && !isPastDeadline(signal)) throw signal.reason
    if (error instanceof Unreachable) return { left: `not removed in time: ${error.message}` }
    if (error instanceof ServiceError) return { left: messageOf(error) }
    if (signal.aborted) return { left: `not removed in time: ${messageOf(signal.reason)}` }
    throw error
  }
}

/** Asks for the removal of one object, if it is still the one that we made. */
async function removeOne(
  cluster: Cluster,
  object: MadeObject,
  owner: Owner,
  context: StepContext,
): Promise<Outcome | Deleting> {
  const { signal } = context
  return throughOutages(async () => {
    const live = await cluster.get(object, { signal })
    if (live === undefined) return wasThere(object) ? 'undone' : 'never-made'
    if (!isStillOurs(live, object.uid, owner)) return replacedBy(live, object, owner)
    if (live.metadata.deletionTimestamp === undefined) {
      const kept = await reasonToKeep(cluster, live, object, owner, context)
      if (kept !== undefined) return kept
      await context.fence()
      await deleteThat(cluster, object, live, signal)
    }
    return { object, pods: podsOf(live) }
  }, signal)
}

const wasThere = ({ uid, intended, madeIn }: MadeObject): boolean =>
  uid !== undefined || (intended === undefined && madeIn !== undefined)

async function deleteThat(
  cluster: Cluster,
  object: MadeObject,
  live: KubernetesObject,
  signal: AbortSignal,
): Promise<void> {
  try {
    await cluster.delete(object, { signal, uid: live.metadata.uid })
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'CONFLICT') throw error
    // Replaced between our look and our write: the next look decides whose it is.
    throw new ServiceError('CONFLICT', error.message, { cause: error, retryable: true })
  }
}

/** Ours is gone and another object has its name, unless the very object was taken over by another request. */
function replacedBy(live: KubernetesObject, object: MadeObject, owner: Owner): Outcome {
  if (object.uid === undefined) return 'never-made'
  if (live.metadata.uid !== object.uid) return 'undone'
  const standing = standingOf(live, owner)
  return { left: `belongs to ${standing.standing === 'foreign' ? standing.owner : 'this request'} now` }
}

/**
 * A namespace that we made goes only when nobody else lives in it: another request of ours becomes its owner (and removes it at its own end), anybody else keeps it here with the reason.
 * A definition stays while custom resources of others exist: they would go with it.
 */
async function reasonToKeep(
  cluster: Cluster,
  live: KubernetesObject,
  object: MadeObject,
  owner: Owner,
  context: StepContext,
): Promise<Outcome | undefined> {
  const { signal } = context
  if (isDefinition(object)) {
    const [resource] = await foreignResourcesOf(cluster, live, [owner.reference], signal)
    return resource === undefined ? undefined : { left: `${nameOf(resource)} of somebody else needs it` }
  }
  if (!isNamespace(object)) return undefined
  const resident = await residentOf(cluster, object.name, owner, signal)
  if (resident === undefined) return undefined
  if (resident.heir === undefined) return { left: `${resident.object} of somebody else is in it` }
  await context.fence()
  const { apiVersion, kind } = object
  const { annotations, labels } = live.metadata
  const metadata = { name: object.name, annotations, labels: { ...labels, ...ownerLabels(resident.heir) } }
  await cluster.apply({ apiVersion, kind, metadata }, { signal, force: true, expect: { uid: live.metadata.uid ?? '' } })
  context.log.info(
    { namespace: object.name, heir: resident.heir.reference },
    'the namespace is still used and now belongs to that request',
  )
  return 'undone'
}

async function confirmGone(cluster: Cluster, object: MadeObject, owner: Owner, signal: AbortSignal): Promise<Outcome> {
  const live = await throughOutages(() => cluster.get(object, { signal }), signal)
  if (live === undefined || !isStillOurs(live, object.uid ?? live.metadata.uid, owner)) return 'undone'
  try {
    await waitUntilGone(cluster, object, live.metadata.uid, signal)
    return 'undone'
  } catch (error) {
    if (!isPastDeadline(signal)) throw error
    return { left: messageOf(error) }
  }
}

/** Which pods a workload selects; undefined where that cannot be told. */
function podsOf(live: KubernetesObject): Record<string, string> | undefined {
  const labels = at(live, 'spec', 'selector', 'matchLabels')
  if (!isWorkload(live) || !isObject(labels)) return undefined
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)]))
}

/** Waits for the pods of what was deleted: the garbage collector ends them after their owners; until then they hold capacity. */
async function podsLeft(
  cluster: Cluster,
  deleted: readonly Deleting[],
  owner: Owner,
  signal: AbortSignal,
): Promise<Undone['left']> {
  const left: Undone['left'] = []
  for (const [namespace, group] of Map.groupBy(deleted, ({ object }) => object.namespace)) {
    const selectors = group.map(({ pods }) => pods).filter((pods) => pods !== undefined)
    if (namespace === undefined || selectors.length === 0) continue
    let staying: KubernetesObject[] = []
    const outcome = await settled(async () => {
      const selection = { namespace, labelSelector: ownerSelector(owner) }
      await waitFor(
        cluster,
        [{ kind: POD, selection }],
        (seen) => {
          staying = seen.all().filter((pod) => selectors.some((selector) => selects(selector, pod)))
          return staying.length === 0 ? { done: true } : { done: false, message: `${staying.length} pods are ending` }
        },
        { signal },
      )
      return 'gone' as const
    }, signal)
    if (outcome === 'gone') continue
    for (const { metadata } of staying) {
      left.push({ ...POD, namespace, name: metadata.name, uid: metadata.uid, action: 'created', reason: outcome.left })
    }
  }
  return left
}

const POD = { apiVersion: 'v1', kind: 'Pod' }

const selects = (selector: Record<string, string>, pod: KubernetesObject): boolean =>
  Object.entries(selector).every(([key, value]) => pod.metadata.labels?.[key] === value)
