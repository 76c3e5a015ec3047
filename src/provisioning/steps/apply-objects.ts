import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import { isObject } from '../../clusters/fields.ts'
import { INVENTORY_ANNOTATION } from '../../clusters/ownership.ts'
import { messageOf, ServiceError } from '../../errors.ts'
import type { Ledger } from './ledger.ts'
import { type Looked, lookAt } from './looking.ts'
import { isDefinition, isNamespace, nameOf } from './object-order.ts'
import { ownerOf, standingOf } from './ownership.ts'
import { waitUntilCurrent } from './readiness-wait.ts'
import type { Change, StepContext } from './step.ts'

/** Enters every object in the ledger, and writes it down before the first of them is made. */
export async function intendAll(looked: readonly Looked[], ledger: Ledger): Promise<void> {
  for (const { ref, live, used } of looked) {
    if (used) ledger.used(ref, live?.metadata.uid)
    else ledger.intend(ref, live)
  }
  await ledger.save()
}

/**
 * Applies prepared objects in their order, each only while it is absent or still ours. A failure says how many stand.
 * The ledger must have been saved with them (`intendAll`).
 */
export async function applyAll(
  cluster: Cluster,
  looked: readonly Looked[],
  ledger: Ledger,
  context: StepContext,
): Promise<void> {
  let done = 0
  try {
    for (const entry of looked) {
      await applyOne(cluster, entry, ledger, context)
      done += 1
      context.progress((90 * done) / looked.length, `${done} of ${looked.length} objects applied`)
    }
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    await ledger.save()
    const { retryAfter, fields } = error
    const retryable = error.retryable || NO_ACCOUNT_YET.test(error.message)
    const message = `${done} of ${looked.length} objects applied, ${error.message}`
    throw new ServiceError(error.code, message, { cause: error, retryable, retryAfter, fields })
  }
}

/** A new namespace gets its default service account a moment later; pods are refused until then. */
const NO_ACCOUNT_YET = /serviceaccount "default" not found/

async function applyOne(
  cluster: Cluster,
  { ref, object, live, used }: Looked,
  ledger: Ledger,
  context: StepContext,
): Promise<void> {
  if (used) return
  const { signal } = context
  const uid = live?.metadata.uid
  await context.fence()
  const applied = await applyExpecting(cluster, object, uid, signal).catch((error: unknown) =>
    afterConflict(cluster, error, { ref, object, live, used }, context),
  )
  if (applied === undefined) {
    ledger.used(ref, undefined)
    return
  }
  const changed = live?.metadata.resourceVersion !== applied.metadata.resourceVersion
  ledger.stands(ref, applied.metadata.uid, changed)
  if (isDefinition(ref)) await waitUntilCurrent(cluster, [ref], { signal })
}

/** Our own objects are set to what the request says, also where somebody edited them meanwhile: `force` never reaches an object that is not ours. */
function applyExpecting(cluster: Cluster, object: KubernetesObject, uid: string | undefined, signal: AbortSignal) {
  return cluster.apply(object, { signal, force: true, expect: uid === undefined ? 'absent' : { uid } })
}

/** Somebody was between our look and our write. It may have been ourselves: a write whose answer was lost. */
async function afterConflict(
  cluster: Cluster,
  error: unknown,
  { ref, object }: Looked,
  context: StepContext,
): Promise<KubernetesObject | undefined> {
  if (!(error instanceof ServiceError) || error.code !== 'CONFLICT') throw error
  const { signal } = context
  const live = await cluster.get(ref, { signal })
  if (live === undefined)
    throw new ServiceError('CONFLICT', `${nameOf(ref)} was removed by somebody else meanwhile`, {
      cause: error,
      retryable: true,
    })
  const standing = standingOf(live, ownerOf(context))
  if (standing.standing === 'foreign') {
    if (isNamespace(ref)) return undefined
    throw new ServiceError('CONFLICT', `${nameOf(ref)} belongs to ${standing.owner}`, { cause: error })
  }
  await context.fence()
  return applyExpecting(cluster, object, live.metadata.uid, signal)
}

/** What applying these objects would change: asked of the server by dry runs where that is possible. Rejects with what would make it fail. */
export async function planAll(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
  ledger: Ledger,
  context: StepContext,
): Promise<Change[]> {
  const { signal } = context
  const looked = await lookAt(cluster, objects, { owner: ownerOf(context), ledger, signal, wait: false })
  const missing = new Set(
    looked.filter(({ ref, live }) => isNamespace(ref) && live === undefined).map(({ ref }) => ref.name),
  )
  const changes: Change[] = []
  for (const entry of looked) {
    const { ref, live, used } = entry
    const inMissing = ref.namespace !== undefined && missing.has(ref.namespace)
    if (used) changes.push({ action: 'none', object: ref })
    else if (live !== undefined)
      changes.push({ action: (await wouldChange(cluster, entry, live, signal)) ? 'update' : 'none', object: ref })
    else {
      if (!inMissing) await tryCreate(cluster, entry, signal)
      changes.push({ action: 'create', object: ref })
    }
  }
  return changes
}

async function wouldChange(
  cluster: Cluster,
  { object }: Looked,
  live: KubernetesObject,
  signal: AbortSignal,
): Promise<boolean> {
  const answered = await cluster.apply(asInventoried(object, live), { signal, dryRun: true, force: true })
  return content(answered) !== content(live)
}

/** kpt applies under our name too, and adds the mark of its inventory. */
function asInventoried(object: KubernetesObject, live: KubernetesObject): KubernetesObject {
  const inventory = live.metadata.annotations?.[INVENTORY_ANNOTATION]
  if (inventory === undefined) return object
  const annotations = { ...object.metadata.annotations, [INVENTORY_ANNOTATION]: inventory }
  return { ...object, metadata: { ...object.metadata, annotations } }
}

/** A 404 means that a namespace or a definition is missing, which earlier steps may bring: it reads as "would be created". */
async function tryCreate(cluster: Cluster, { ref, object }: Looked, signal: AbortSignal): Promise<void> {
  const { apiVersion, kind } = ref
  if ((await cluster.scope({ apiVersion, kind }, { signal })) === undefined) return
  try {
    await cluster.apply(object, { signal, dryRun: true, force: true })
  } catch (error) {
    const missing = error instanceof ServiceError && (error.code === 'NOT_FOUND' || /not found/i.test(messageOf(error)))
    if (!missing) throw error
  }
}

/** Kept by client-side appliers (kpt), and written anew by the server at every server-side apply. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** An object without what the server keeps about it, keys in order. */
function content(object: KubernetesObject): string {
  const { managedFields: _fields, resourceVersion: _version, generation: _generation, ...metadata } = object.metadata
  const { [LAST_APPLIED]: _applied, ...annotations } = metadata.annotations ?? {}
  return JSON.stringify({ ...object, metadata: { ...metadata, annotations } }, (_key, value: unknown) =>
    isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
  )
}
