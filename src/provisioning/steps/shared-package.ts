import { z } from 'zod'
import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import { type ErrorCode, ServiceError } from '../../errors.ts'
import type { Made, MadeObject } from '../record.ts'
import { coded } from './coded.ts'
import { kptPackage, type PackageInputs, packageObjects, removePackage } from './kpt-package.ts'
import { forEachBounded, throughOutages } from './limits.ts'
import { isDefinition, isWorkload, keyOf, plainRef, refOf } from './object-order.ts'
import { inventoryIdOf, ownerOf, standingOf } from './ownership.ts'
import { waitUntilCurrent } from './readiness-wait.ts'
import { removeObjects } from './remove-objects.ts'
import {
  neededByOthers,
  type PackageStanding,
  packageStanding,
  requireDefinitions,
  type Standing,
  whatDiffers,
} from './shared-standing.ts'
import { contentOf, markOf, type OperatorFrom, otherUsers } from './shared-users.ts'
import type { Change, Step, StepContext, Undone } from './step.ts'
import { openTarget, openTargetForUndo } from './target.ts'

const own = z.strictObject({
  /** `external`: the package's workloads are left out, because its operator runs elsewhere. */
  operator: z.enum(['package', 'external']).default('package'),
  /** `external`: nothing is applied; the definitions have to be there. */
  definitions: z.enum(['package', 'external']).default('package'),
})

interface Inputs {
  operator: OperatorFrom
  definitions: 'package' | 'external'
  given: PackageInputs
}

/** The inputs of kpt-package, and ours beside them. */
const inputs = z.record(z.string(), z.unknown()).transform((all, context): Inputs => {
  const { operator, definitions, ...rest } = all
  const shared = own.safeParse({ operator, definitions })
  const given = kptPackage.inputs.safeParse(rest)
  for (const { error } of [shared, given])
    for (const issue of error?.issues ?? []) context.issues.push({ ...issue, input: all } as z.core.$ZodRawIssue)
  return shared.success && given.success ? { ...shared.data, given: given.data } : z.NEVER
})

export interface SharedPackageParts {
  uses: string
  /** What it is called on the cluster, whatever the package's folder is called; by default it has the package's name. */
  shared?: string
  /** The code of whatever makes the package fail; its own by default. */
  code?: ErrorCode
}

/** The owner that all users of a shared package stand for. */
const SHARED_REFERENCE = 'shared'

/**
 * A kpt package that several requests share. The first one applies it, the others adopt it, the last one removes it; who uses it stands on the cluster itself. A package that somebody else
 * has installed is used as it is and never owned. One O-Cloud at a time: nobody adopts what somebody is removing.
 */
export function createSharedPackage({ uses, shared, code }: SharedPackageParts): Step<Inputs> {
  const nameFor = ({ package: path }: PackageInputs): string =>
    shared ??
    (path.split('/').findLast((part) => part !== '') ?? path)
      .toLowerCase()
      .replaceAll(/[^a-z0-9-]/g, '-')
      .slice(0, 50)

  /** As the package's steps see it: an owner that all users have in common, and no workloads where the operator is external. */
  function sharedContext(name: string, operator: OperatorFrom, context: StepContext, mark?: MadeObject): StepContext {
    return {
      ...context,
      step: name,
      request: { ...context.request, reference: SHARED_REFERENCE },
      render: async (...source) => {
        const rendered = await context.render(...source)
        const objects = operator === 'external' ? rendered.objects.filter((one) => !isWorkload(one)) : rendered.objects
        return { ...rendered, objects }
      },
      checkpoint: (made) => context.checkpoint(usedBy(made, mark, { ...made.notes, shared: name, operator })),
    }
  }

  async function look(given: PackageInputs, common: StepContext, cluster: Cluster) {
    const objects = await packageObjects(given, common)
    return { objects, standing: await packageStanding(cluster, objects, common) }
  }

  return {
    uses,
    inputs,
    outputs: ['namespace', 'inventory', 'operator'],
    identity: ({ given }) => `${given.target}/${nameFor(given)}/${given.namespace}`,

    plan: ({ operator, definitions, given }, _previous, context) =>
      coded(code, async () => {
        const name = nameFor(given)
        const common = sharedContext(name, operator, context)
        const cluster = await context.cluster(given.target)
        if (definitions === 'external' && cluster === undefined) return []
        if (cluster === undefined) {
          const changes = await kptPackage.plan(given, undefined, common)
          const mark = markOf(name, given.namespace, { base: '', workloads: '' }, context)
          return [...changes, { action: 'create', object: refOf(mark) }]
        }
        const { objects, standing } = await look(given, common, cluster)
        if (definitions === 'external') requireDefinitions(standing)
        if (definitions === 'external' || standing.whose === 'foreign') return []
        const content = contentOf(objects)
        const mark = refOf(markOf(name, given.namespace, content, context))
        const marked = (await cluster.get(mark, { signal: context.signal })) !== undefined
        const changes: Change[] = [{ action: marked ? 'none' : 'create', object: mark }]
        if (await onlyMarked(name, standing.objects, content, operator, { cluster, context })) return changes
        return [...(await kptPackage.plan(given, madeBefore(given, standing.objects), common)), ...changes]
      }),

    apply: ({ operator, definitions, given }, previous, context) =>
      coded(code, async () => {
        const name = nameFor(given)
        const cluster = await openTarget(given.target, context)
        return context.alone(given.target, async (context) => {
          const { objects, standing } = await look(given, sharedContext(name, operator, context), cluster)
          if (definitions === 'external') {
            requireDefinitions(standing)
            return notOurs(given, standing, 'external: nothing was applied, the definitions are there')
          }
          if (standing.whose === 'foreign') return notOurs(given, standing, standing.words)
          const content = contentOf(objects)
          const mark = markOf(name, given.namespace, content, context)
          const entry = markEntry(mark, previous, context)
          const common = sharedContext(name, operator, context, entry)
          const id = inventoryIdOf(ownerOf(common))
          const notes = { shared: name, operator, inventory: { id, name: id, namespace: given.namespace } }
          const before = madeBefore(given, standing.objects)
          await context.checkpoint(usedBy(before, entry, notes))
          const adopted = await onlyMarked(name, standing.objects, content, operator, { cluster, context })
          const made = adopted ? before : await kptPackage.apply(given, before, common)
          await context.fence()
          const { metadata } = await cluster.apply(mark, { signal: context.signal, force: true })
          const users = 1 + (await otherUsers(cluster, name, context)).length
          const external = operator === 'external' ? '; operator: external' : ''
          const summary = `${whatStood(standing.objects)}, in ${given.namespace}; used by ${users} ${users === 1 ? 'request' : 'requests'}${external}`
          const outputs = { ...made.outputs, namespace: given.namespace, inventory: id, operator }
          const { intended: _, ...marked } = { ...entry, uid: metadata.uid }
          return { ...usedBy(made, marked, { ...made.notes, ...notes, summary }), outputs }
        })
      }),

    verify: ({ operator, given }, made, context) =>
      coded(code, async () => {
        if (typeof made.notes.shared !== 'string') {
          const cluster = await openTarget(given.target, context)
          const definitions = made.objects.filter(isDefinition)
          await waitUntilCurrent(cluster, definitions, { signal: context.signal, silenceSeconds: given.silenceSeconds })
          return made
        }
        await kptPackage.verify(given, made, sharedContext(made.notes.shared, operator, context))
        await requireMark(made, context)
        return made
      }),

    async undo(made, scope, context) {
      const name = made.notes.shared
      const mark = made.objects.find((object) => object.madeIn !== undefined)
      if (typeof name !== 'string' || (scope === 'generation' && mark?.madeIn !== context.request.generation))
        return { undone: [], left: [] }
      const cluster = await openTargetForUndo(made, made.objects, context)
      if ('left' in cluster) return cluster
      const release = async (context: StepContext): Promise<Undone> => {
        const released = await removeObjects(cluster, mark === undefined ? [] : [mark], context)
        if (released.left.length > 0) return released
        const users = await throughOutages(() => otherUsers(cluster, name, context), context.signal)
        if (users.length > 0) return released
        const operator = made.notes.operator === 'external' ? 'external' : 'package'
        const common = sharedContext(name, operator, context)
        const used = made.objects.filter((object) => object !== mark && object.action !== 'deleted')
        const objects = await ownedNow(cluster, used, common)
        const references = [SHARED_REFERENCE, context.request.reference]
        const kept = await neededByOthers(cluster, objects, references, context.signal)
        const removed = await removePackage({ ...made, objects }, 'all', common, kept)
        return { undone: [...released.undone, ...removed.undone], left: removed.left, kept }
      }
      return context.alone(cluster.oCloudId, release)
    },
  }

  /** The mark is gone: its last other user, of another service, removed the package at the same time. */
  async function requireMark(made: Made, context: StepContext): Promise<void> {
    const mark = made.objects.find((object) => object.madeIn !== undefined)
    const cluster = await openTarget(made.oCloudId ?? '', context)
    if (mark !== undefined && (await cluster.get(mark, { signal: context.signal })) === undefined)
      throw new ServiceError('UNAVAILABLE', 'it was removed by another service meanwhile', { retryable: true })
  }
}

/** Others use it, so it is not applied again unless it is the same; rejects with what differs. True: their package has an operator, and we asked for none. */
async function onlyMarked(
  name: string,
  objects: readonly Standing[],
  content: ReturnType<typeof contentOf>,
  operator: OperatorFrom,
  { cluster, context }: { cluster: Cluster; context: StepContext },
): Promise<boolean> {
  const others = await otherUsers(cluster, name, context)
  const another = others.find(({ base, workloads }) => base !== content.base || workloads !== content.workloads)
  if (another === undefined) return false
  if (operator === 'external' && others.every(({ base }) => base === content.base)) return true
  throw new ServiceError(
    'CONFLICT',
    `provisioning request ${another.reference} uses ${name} as it stands, and this request asks for another: ${whatDiffers(objects)}`,
  )
}

/** What stands of it, as kpt-package knows what it made in an earlier generation: read from the cluster, not from our store. */
function madeBefore({ target }: PackageInputs, objects: readonly Standing[]): Made {
  const standing = objects.flatMap(({ object, live, ours }): MadeObject[] =>
    live !== undefined && ours ? [{ ...refOf(object), uid: live.metadata.uid, action: 'unchanged', madeIn: 0 }] : [],
  )
  return { oCloudId: target, objects: standing, outputs: {}, notes: {} }
}

/** Of the objects that were used, those that stand and carry the mark of what is shared. */
async function ownedNow(cluster: Cluster, used: readonly MadeObject[], common: StepContext): Promise<MadeObject[]> {
  const { signal } = common
  const found = await forEachBounded(used, (object) =>
    throughOutages(() => cluster.get(plainRef(object), { signal }), signal),
  )
  return used.flatMap((object, index): MadeObject[] => {
    const live = found[index]
    if (live === undefined || standingOf(live, ownerOf(common)).standing === 'foreign') return []
    return [{ ...plainRef(object), uid: live.metadata.uid, action: 'unchanged', madeIn: 0 }]
  })
}

/** What the record keeps: the user's mark is its own, everything else is used. */
function usedBy(made: Made, mark: MadeObject | undefined, notes: Made['notes']): Made {
  const used = made.objects.map(({ action, ...object }): MadeObject => ({ ...plainRef(object), action }))
  return { ...made, objects: mark === undefined ? used : [...used, mark], notes }
}

function markEntry(mark: KubernetesObject, previous: Made | undefined, { request }: StepContext): MadeObject {
  const ref = refOf(mark)
  const before = previous?.objects.find((object) => keyOf(object) === keyOf(ref))
  if (before?.madeIn === undefined || before.intended)
    return { ...ref, action: 'created', madeIn: before?.madeIn ?? request.generation, intended: true }
  return { ...before, action: before.madeIn === request.generation ? 'created' : 'unchanged' }
}

function whatStood(objects: readonly Standing[]): string {
  const stood = objects.filter(({ ours }) => ours).length
  const missing = objects.filter(({ live }) => live === undefined).length
  if (stood === 0) return 'applied'
  return missing === 0
    ? 'stood already'
    : `${stood} of ${stood + missing} objects stood already, the others were applied`
}

function notOurs(given: PackageInputs, standing: PackageStanding, summary: string): Made {
  const definitions = standing.whose === 'foreign' ? standing.definitions : definitionsOf(standing.objects)
  const objects = definitions.map((one): MadeObject => ({ ...refOf(one), action: 'unchanged' }))
  const outputs = { namespace: given.namespace, inventory: null, operator: 'external' }
  return { oCloudId: given.target, objects, outputs, notes: { summary } }
}

const definitionsOf = (objects: readonly Standing[]): KubernetesObject[] =>
  objects.flatMap(({ live }) => (live !== undefined && isDefinition(live) ? [live] : []))
