import { z } from 'zod'
import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import { ServiceError } from '../../errors.ts'
import { applyAll, intendAll, planAll } from './apply-objects.ts'
import { createLedger, type Ledger, refsOf } from './ledger.ts'
import { lookAt, prepared } from './looking.ts'
import { manifestList } from './manifest-text.ts'
import { keyOf, nameOf, plainRef } from './object-order.ts'
import { ownerOf } from './ownership.ts'
import { removeObjects, toRemove } from './remove-objects.ts'
import type { Change, Step, StepContext } from './step.ts'
import { openTarget, openTargetForUndo } from './target.ts'

const inputs = z.strictObject({
  target: z.string().min(1),
  /** A list of objects, or YAML text with one or more documents. */
  objects: manifestList,
  /** For namespaced objects that name none. */
  namespace: z.string().min(1).default('default'),
})

type Inputs = z.infer<typeof inputs>

/** Applies Kubernetes objects with our field manager and labels; what an earlier generation made and this one no longer names is removed. */
export const manifests: Step<Inputs> = {
  uses: 'manifests',
  inputs,
  outputs: [],

  async plan({ target, objects, namespace }, previous, context) {
    const cluster = await context.cluster(target)
    if (cluster === undefined) return refsOf(objects).map((object): Change => ({ action: 'create', object }))
    const wanted = await prepared(cluster, objects, namespace, ownerOf(context), context.signal)
    const ledger = createLedger(target, previous, context)
    const changes = await planAll(cluster, wanted, ledger, context)
    const surplus = ledger.surplus(refsOf(wanted))
    return [...changes, ...surplus.map((object): Change => ({ action: 'delete', object: plainRef(object) }))]
  },

  async apply({ target, objects, namespace }, previous, context) {
    const cluster = await openTarget(target, context)
    const owner = ownerOf(context)
    const ledger = createLedger(target, previous, context)
    const wanted = await prepared(cluster, objects, namespace, owner, context.signal)
    const looked = await lookAt(cluster, wanted, { owner, ledger, signal: context.signal, wait: true })
    await intendAll(looked, ledger)
    await applyAll(cluster, looked, ledger, context)
    await prune(cluster, wanted, ledger, context)
    return ledger.made()
  },

  async verify(_inputs, made) {
    return made
  },

  async undo(made, scope, context) {
    const objects = toRemove(made, scope, context.request.generation)
    const cluster = await openTargetForUndo(made, objects, context)
    return 'left' in cluster ? cluster : removeObjects(cluster, objects, context)
  },
}

/** Removes what earlier runs made and this one does not want; it stays in the ledger until it is gone. */
export async function prune(
  cluster: Cluster,
  wanted: readonly KubernetesObject[],
  ledger: Ledger,
  context: StepContext,
): Promise<void> {
  const surplus = ledger.surplus(refsOf(wanted))
  if (surplus.length === 0) return
  const { left } = await removeObjects(cluster, surplus, context)
  const staying = new Set(left.map(keyOf))
  for (const object of surplus) if (!staying.has(keyOf(object))) ledger.deleted(object)
  await ledger.save()
  const [first] = left
  if (first) throw new ServiceError('APPLY_FAILED', `${nameOf(first)} could not be removed: ${first.reason}`)
}
