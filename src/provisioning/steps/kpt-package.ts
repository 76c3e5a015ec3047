import { z } from 'zod'
import type { Cluster, KubernetesObject, ObjectRef } from '../../clusters/cluster.ts'
import { messageOf, ServiceError } from '../../errors.ts'
import type { AppliedObject, Inventory, PackageOptions, RenderedPackage } from '../../packages/package-port.ts'
import type { Made } from '../record.ts'
import { applyAll, intendAll, planAll } from './apply-objects.ts'
import { createLedger, type Ledger, refsOf } from './ledger.ts'
import { silenceSeconds, throughOutages } from './limits.ts'
import { lookAt, prepared } from './looking.ts'
import { prune } from './manifests.ts'
import { isDefinition, isNamespace, keyOf, nameOf, plainRef, refOf } from './object-order.ts'
import { inventoryIdOf, ownerOf, ownerSelector } from './ownership.ts'
import { noteOfSource, outputOfSource, type PackagePlace, packagePlace, sourceFor } from './package-source.ts'
import { waitUntilCurrent } from './readiness-wait.ts'
import { removeObjects, toRemove } from './remove-objects.ts'
import type { Change, Step, StepContext, Undone } from './step.ts'
import { openTarget, openTargetForUndo } from './target.ts'

const inputs = z
  .strictObject({
    target: z.string().min(1),
    package: packagePlace,
    namespace: z.string().min(1),
    values: z.record(z.string(), z.json()).default({}),
    /** How long nothing may change while the objects come up. */
    silenceSeconds,
  })
  .transform(({ package: { path, git }, ...rest }) => ({ ...rest, package: path, git }))

export type PackageInputs = z.infer<typeof inputs>
type Inputs = PackageInputs

/** Seconds that kpt itself waits for objects to come up; it holds a place for child processes meanwhile, and the step's own watches, which go on then, do not. */
const RECONCILE_SECONDS = 10
/** With `depends-on` kpt has to wait itself, between one object and the next. */
const DEPENDS_ON = 'config.kubernetes.io/depends-on'
const LONGEST_RECONCILE_SECONDS = 3600

/**
 * Renders a kpt package and applies it with an inventory of our own. Namespaces and definitions (CRDs) of the package are applied by the step itself: kpt's destroy
 * would take along everything of others that is in them, and hangs on namespaces where nobody ends them.
 */
export const kptPackage: Step<Inputs> = {
  uses: 'kpt-package',
  inputs,
  outputs: ['namespace', 'inventory', 'source'],
  identity: ({ target, namespace }) => `${target}/${namespace}`,

  async plan(given, previous, context) {
    const objects = await packageObjects(given, context)
    const cluster = await context.cluster(given.target)
    if (cluster === undefined) return objects.map((object): Change => ({ action: 'create', object: refOf(object) }))
    const wanted = await prepared(cluster, objects, given.namespace, ownerOf(context), context.signal)
    const ledger = createLedger(given.target, previous, context)
    const changes = await planAll(cluster, wanted, ledger, context)
    const surplus = ledger.surplus(refsOf(wanted))
    return [...changes, ...surplus.map((object): Change => ({ action: 'delete', object: plainRef(object) }))]
  },

  async apply(given, previous, context) {
    const cluster = await openTarget(given.target, context)
    const owner = ownerOf(context)
    const rendered = await renderedPackage(given, context)
    const wanted = await prepared(cluster, rendered.objects, given.namespace, owner, context.signal)
    const ledger = createLedger(given.target, previous, context)
    const looked = await lookAt(cluster, wanted, { owner, ledger, signal: context.signal, wait: true })
    const id = inventoryIdOf(owner)
    const inventory: Inventory = { id, name: id, namespace: given.namespace }
    ledger.notes.inventory = { ...inventory }
    if (!ledger.hasEarlier()) ledger.notes.inventoryMadeIn = context.request.generation
    Object.assign(ledger.notes, noteOfSource(placeOf(given), rendered, context))
    ledger.outputs = { namespace: given.namespace, inventory: id, ...outputOfSource(rendered) }
    await intendAll(looked, ledger)
    await applyAll(
      cluster,
      looked.filter(({ ref }) => isShared(ref)),
      ledger,
      context,
    )
    const objects = wanted.filter((object) => !isShared(object))
    await applyPackage(cluster, { name: given.package, objects }, inventory, ledger, context)
    await prune(cluster, wanted, ledger, context)
    return ledger.made()
  },

  async verify({ silenceSeconds }, made, context) {
    const cluster = await openTarget(made.oCloudId ?? '', context)
    const refs = made.objects.filter((object) => object.action !== 'deleted' && !isNamespace(object))
    const labelSelector = ownerSelector(ownerOf(context))
    const { signal, progress } = context
    await waitUntilCurrent(cluster, refs, { signal, silenceSeconds, labelSelector, progress })
    return made
  },

  undo: (made, scope, context) => removePackage(made, scope, context),
}

/** Removes what was made, but for the namespaces and definitions that are to be kept. */
export async function removePackage(
  made: Made,
  scope: 'generation' | 'all',
  context: StepContext,
  kept: readonly ObjectRef[] = [],
): Promise<Undone> {
  const staying = new Set(kept.map(keyOf))
  const objects = toRemove(made, scope, context.request.generation).filter((object) => !staying.has(keyOf(object)))
  const cluster = await openTargetForUndo(made, objects, context)
  if ('left' in cluster) return cluster
  const inventory = inventoryOf(made)
  const whole = scope === 'all' || made.notes.inventoryMadeIn === context.request.generation
  const destroyed = !whole || inventory === undefined || (await destroy(cluster, inventory, context))
  // What kpt could not remove is tried once more, and has its reason told; namespaces and definitions are ours to remove.
  const result = await removeObjects(cluster, objects, context)
  if (!destroyed && result.left.length === 0) await removeInventory(cluster, inventory, context)
  return result
}

const isShared = (ref: { apiVersion: string; kind: string }): boolean => isNamespace(ref) || isDefinition(ref)

/** The package's objects, and the namespace where it names it not itself. */
export async function packageObjects(given: Inputs, context: StepContext): Promise<KubernetesObject[]> {
  return (await renderedPackage(given, context)).objects
}

async function renderedPackage(given: Inputs, context: StepContext): Promise<RenderedPackage> {
  const { namespace } = given
  const { signal, run } = context
  const rendered = await context.render(sourceFor(placeOf(given), given, context), { signal, run })
  const own: KubernetesObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
  const { objects } = rendered
  return objects.some((object) => isNamespace(object) && object.metadata.name === namespace)
    ? rendered
    : { ...rendered, objects: [own, ...objects] }
}

const placeOf = ({ package: path, git }: Inputs): PackagePlace => ({ path, ...(git && { git }) })

async function applyPackage(
  cluster: Cluster,
  rendered: { name: string; objects: KubernetesObject[] },
  inventory: Inventory,
  ledger: Ledger,
  context: StepContext,
): Promise<void> {
  const { signal, run } = context
  const stands = ({ ref, uid, action }: AppliedObject): void => {
    if (action !== 'deleted') ledger.stands(ref, uid, action !== 'unchanged')
  }
  const options: PackageOptions = {
    signal,
    run,
    reconcileTimeoutSeconds: reconcileSeconds(rendered.objects, context.deadline),
    progress: context.progress,
    onApplied: stands,
  }
  await context.fence()
  try {
    const result = await context.packages(cluster).apply(cluster, rendered, inventory, options)
    result.objects.forEach(stands)
  } catch (error) {
    await ledger.save()
    // Everything is applied; `verify` waits for it, and knows more about why it takes so long.
    if (!(error instanceof ServiceError) || error.code !== 'TIMEOUT' || signal.aborted) throw error
    context.progress(80, messageOf(error))
  }
  await fillUids(cluster, rendered.objects, ledger, signal)
}

function reconcileSeconds(objects: readonly KubernetesObject[], deadline: string | null): number {
  const chained = objects.some((object) => object.metadata.annotations?.[DEPENDS_ON] !== undefined)
  const remaining = deadline === null ? LONGEST_RECONCILE_SECONDS : (Date.parse(deadline) - Date.now()) / 1000
  const limit = chained ? LONGEST_RECONCILE_SECONDS : RECONCILE_SECONDS
  return Math.max(1, Math.ceil(Math.min(remaining, limit)))
}

/** The uids that the port did not tell: with them an undo recognises its objects. */
async function fillUids(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  const without = new Set(
    ledger
      .made()
      .objects.filter((object) => object.uid === undefined)
      .map(keyOf),
  )
  for (const ref of refsOf(objects)) {
    if (!without.has(keyOf(ref))) continue
    const live = await cluster.get(ref, { signal })
    if (live === undefined)
      throw new ServiceError('APPLY_FAILED', `${nameOf(ref)} was applied and does not exist`, { retryable: true })
    ledger.stands(ref, live.metadata.uid, true)
  }
}

/** False when something kept it from being destroyed as a whole. */
async function destroy(cluster: Cluster, inventory: Inventory, context: StepContext): Promise<boolean> {
  const { signal, run, progress } = context
  const options: PackageOptions = { signal, run, progress, reconcileTimeoutSeconds: RECONCILE_SECONDS }
  try {
    const { left } = await throughOutages(async () => {
      await context.fence()
      return context.packages(cluster).destroy(cluster, inventory, options)
    }, signal)
    return left.length === 0
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    const cause = messageOf(error)
    context.log.warn({ inventory: inventory.id, cause }, 'the package is not destroyed as a whole, but one by one')
    return false
  }
}

/** What kpt would have removed last. */
async function removeInventory(cluster: Cluster, { namespace, name }: Inventory, context: StepContext): Promise<void> {
  const { signal } = context
  await throughOutages(async () => {
    await context.fence()
    await cluster.delete({ ...RESOURCE_GROUP, namespace, name }, { signal })
  }, signal)
}

const RESOURCE_GROUP = { apiVersion: 'kpt.dev/v1alpha1', kind: 'ResourceGroup' }

function inventoryOf(made: Made): Inventory | undefined {
  const parsed = z.object({ id: z.string(), name: z.string(), namespace: z.string() }).safeParse(made.notes.inventory)
  return parsed.success ? parsed.data : undefined
}
