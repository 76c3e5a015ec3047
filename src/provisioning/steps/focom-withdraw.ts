import type { Cluster, KubernetesObject, ObjectRef } from '../../clusters/cluster.ts'
import { stringAt } from '../../clusters/fields.ts'
import { FOCOM_REQUEST, TEMPLATE_INFO } from '../../operators/kinds.ts'
import { type Dialect, phaseOf } from '../dialects.ts'
import type { Made, MadeObject } from '../record.ts'
import { differences } from './differences.ts'
import { isAway, isPastDeadline, throughOutages } from './limits.ts'
import { refOf } from './object-order.ts'
import { removeObjects, toRemove } from './remove-objects.ts'
import type { StepContext, Undone } from './step.ts'
import { openTargetForUndo } from './target.ts'
import { releaseTemplateInfo } from './template-info.ts'
import { throwIfLeft, withdrawRequest } from './withdraw.ts'

const FINALIZER = 'focom.nephio.org/finalizer'
/** FoCoM acts on a deletion at once, and again every 15 s when the O-Cloud is away. After that we do its work. */
const FOCOM_GRACE_MS = 20_000

/** Where we do not reach the O-Cloud, FoCoM hardly does. */
const AWAY_GRACE_MS = 1_000

const KEPT_FOR_FOCOM = 'kept: FoCoM needs it for the request that is left'

/** What stands of a request before it is applied. */
export interface FocomStanding {
  smo: Cluster
  oCloud: Cluster
  dialect: Dialect
  live: KubernetesObject | undefined
  wanted: KubernetesObject
  remote: ObjectRef
  made: Made
}

/**
 * FoCoM looks at a request once: one that has changed, has failed, or whose counterpart is gone, has to be made anew. Removes it then, with everything that came of it, and answers true.
 * One that FoCoM gave up while the O-Cloud goes on with it is left to the O-Cloud.
 */
export async function clearForAnew(standing: FocomStanding, context: StepContext): Promise<boolean> {
  const { smo, oCloud, live, wanted, remote, made } = standing
  const { signal } = context
  const there = await oCloud.get(remote, { signal })
  if (live === undefined) {
    // FoCoM takes over nothing that is there already.
    if (there !== undefined) throwIfLeft(await withdrawRequest(oCloud, madeOf(there, oCloud), made, context))
    return there !== undefined
  }
  if (!hasToBeAnew(standing, there)) return false
  const request: MadeObject = { ...refOf(live), uid: live.metadata.uid, action: 'unchanged' }
  context.progress(0, `the request is made anew: ${differences(wanted.spec, live.spec)[0] ?? 'it has ended badly'}`)
  const theirs = there === undefined ? { ...remote, oCloudId: oCloud.oCloudId } : madeOf(there, oCloud)
  throwIfLeft(await withdrawBoth(smo, request, oCloud, { ...theirs, action: 'unchanged' }, made, context))
  return true
}

function hasToBeAnew({ live, wanted, dialect }: FocomStanding, there: KubernetesObject | undefined): boolean {
  if (differences(wanted.spec, live?.spec).length > 0) return true
  if (there !== undefined) return dialect.says(there).phase === 'FAILED'
  const looked = stringAt(live, 'status', 'remoteName') !== undefined
  return looked || phaseOf(stringAt(live, 'status', 'phase')) === 'FAILED'
}

const madeOf = (live: KubernetesObject, { oCloudId }: Cluster): MadeObject => ({
  ...refOf(live),
  uid: live.metadata.uid,
  oCloudId,
  action: 'unchanged',
})

/**
 * The undo of a focom-request: FoCoM's request first, as FoCoM cannot delete the other one without OCloud and Secret; then what stands on the O-Cloud; then OCloud,
 * TemplateInfo and namespaces. An O-Cloud that is away comes last, for FoCoM does not reach it either: the SMO is cleaned, and what is left is told.
 */
export async function undoFocomRequest(
  made: Made,
  scope: 'generation' | 'all',
  context: StepContext,
  graceMs = FOCOM_GRACE_MS,
): Promise<Undone> {
  const objects = toRemove(made, scope, context.request.generation)
  const theirs = objects.find(({ oCloudId }) => oCloudId !== undefined)
  const ours = objects.filter((object) => object !== theirs)
  const request = ours.find(({ kind }) => kind === FOCOM_REQUEST.kind)
  const smo = await openTargetForUndo(made, ours, context)
  const oCloud = await openOCloud(made, theirs, context)
  const result: Undone = { undone: [], left: [] }
  const add = ({ undone, left }: Undone): void => {
    result.undone.push(...undone)
    result.left.push(...left)
  }
  if ('left' in smo) {
    add(smo)
    if (theirs !== undefined) add('left' in oCloud ? oCloud : await withdrawRequest(oCloud, theirs, made, context))
    return result
  }
  const away =
    theirs !== undefined &&
    !('left' in oCloud) &&
    (await isAway((signal) => oCloud.get(theirs, { signal }), context.signal))
  const [first, patience] = away ? [{ undone: [], left: [] }, AWAY_GRACE_MS] : [oCloud, graceMs]
  add(await withdrawBoth(smo, request, first, theirs, made, context, Math.min(patience, graceMs)))
  const others = ours.filter((object) => object !== request)
  if (result.left.length > 0) {
    const kept = others.filter((object) => object.madeIn !== undefined)
    add({ undone: [], left: kept.map((object) => ({ ...object, reason: KEPT_FOR_FOCOM })) })
  } else {
    add(await removeObjects(smo, others, context))
    const template = made.notes.templateInfo
    const namespace = request?.namespace
    if (namespace !== undefined && typeof template === 'string') {
      const info = { ...TEMPLATE_INFO, namespace, name: template }
      add(await context.alone(smo.oCloudId, (held) => releaseTemplateInfo(smo, info, held)))
    }
  }
  if (away) add(await withdrawRemote(oCloud, theirs, made, context))
  return result
}

/** Where the request stands that FoCoM made; or, where nobody can act, what became of it. */
function openOCloud(made: Made, theirs: MadeObject | undefined, context: StepContext): Promise<Cluster | Undone> {
  const objects = theirs === undefined ? [] : [theirs]
  return openTargetForUndo({ ...made, oCloudId: theirs?.oCloudId }, objects, context)
}

/**
 * Both requests: FoCoM is given time to delete its own; what it does not do, because it is not there or cannot reach the O-Cloud, is done for it, and its finalizer
 * taken off, but only when nothing is left on the O-Cloud.
 */
async function withdrawBoth(
  smo: Cluster,
  request: MadeObject | undefined,
  oCloud: Cluster | Undone,
  theirs: MadeObject | undefined,
  made: Made,
  context: StepContext,
  graceMs = FOCOM_GRACE_MS,
): Promise<Undone> {
  const limited = { ...context, signal: AbortSignal.any([context.signal, AbortSignal.timeout(graceMs)]) }
  const asked = request === undefined ? [] : [request]
  const first = await removeObjects(smo, asked, limited)
  if (context.signal.aborted && !isPastDeadline(context.signal)) throw context.signal.reason
  const remote = await withdrawRemote(oCloud, theirs, made, context)
  if (remote.left.length > 0) return { undone: remote.undone, left: [...first.left, ...remote.left] }
  if (request === undefined || first.left.length === 0) return { undone: [...first.undone, ...remote.undone], left: [] }
  await throughOutages(() => releaseFinalizer(smo, request, context), context.signal)
  const second = await removeObjects(smo, asked, context)
  return { undone: [...second.undone, ...remote.undone], left: second.left }
}

async function withdrawRemote(
  oCloud: Cluster | Undone,
  theirs: MadeObject | undefined,
  made: Made,
  context: StepContext,
): Promise<Undone> {
  if ('left' in oCloud) return oCloud
  return theirs === undefined ? { undone: [], left: [] } : withdrawRequest(oCloud, theirs, made, context)
}

async function releaseFinalizer(smo: Cluster, request: MadeObject, context: StepContext): Promise<void> {
  const { signal } = context
  const live = await smo.get(request, { signal })
  const uid = live?.metadata.uid
  if (uid === undefined || (request.uid !== undefined && request.uid !== uid)) return
  await context.fence()
  await smo.releaseFinalizer(request, FINALIZER, { signal, uid })
}
