import { z } from 'zod'
import type { KubernetesObject, ObjectRef } from '../../clusters/cluster.ts'
import { at, conditionOf } from '../../clusters/fields.ts'
import { isCurrent } from '../../clusters/readiness.ts'
import { silenceSeconds } from './limits.ts'
import { nameOf } from './object-order.ts'
import { explainWorkloads, stateOf } from './readiness-wait.ts'
import type { Step } from './step.ts'
import { openTarget } from './target.ts'
import { type Verdict, waitFor } from './waiting.ts'

const inputs = z.strictObject({
  target: z.string().min(1),
  apiVersion: z.string().min(1),
  kind: z.string().min(1),
  name: z.string().min(1),
  namespace: z.string().min(1).optional(),
  /** `Current` (by kstatus: all that its kind asks for), `Available`, `Ready=False`, or a field and what it shall be: `{path: status.phase, equals: Running}`. */
  condition: z.union([
    z.string().regex(/^[A-Za-z][\w.\-/]*(=\w+)?$/, 'must be <type> or <type>=<status>'),
    z.strictObject({ path: z.string().min(1), equals: z.union([z.string(), z.number(), z.boolean()]) }),
  ]),
  /** Gives up when the object did not change for so long. */
  silenceSeconds,
})

type Inputs = z.infer<typeof inputs>
type Condition = Inputs['condition']

/** Waits for a condition on one object, by one watch: no other call is made before it fails. */
export const awaitCondition: Step<Inputs> = {
  uses: 'await',
  inputs,
  outputs: [],
  // The same condition on an object that an earlier step has changed is another question.
  always: true,
  identity: ({ target, kind, namespace = '', name }) => `${target}/${kind}/${namespace}/${name}`,

  async plan() {
    return []
  },

  async apply({ target }) {
    return { oCloudId: target, objects: [], outputs: {}, notes: {} }
  },

  async verify(given, made, context) {
    const { target, condition, silenceSeconds, apiVersion, kind, name, namespace } = given
    const cluster = await openTarget(target, context)
    const ref: ObjectRef = { apiVersion, kind, name, ...(namespace !== undefined && { namespace }) }
    const selection = namespace === undefined ? { name } : { namespace, name }
    const { signal, progress } = context
    await waitFor(
      cluster,
      [{ kind: { apiVersion, kind }, selection }],
      (seen) => judge(ref, seen.get(ref), condition),
      {
        signal,
        silenceSeconds,
        progress,
        explain: (seen) => explainWorkloads(cluster, [ref], seen),
      },
    )
    return { ...made, notes: { ...made.notes, summary: `${nameOf(ref)}: ${wordsOf(condition)}` } }
  },

  async undo() {
    return { undone: [], left: [] }
  },
}

function judge(ref: ObjectRef, object: KubernetesObject | undefined, condition: Condition): Verdict {
  if (object === undefined) return { done: false, message: `${nameOf(ref)} does not exist yet` }
  if (holds(object, condition)) return { done: true }
  const state = isCurrent(object)
  if (state.failed) return { failed: `${nameOf(ref)}: ${state.message}` }
  const { percent, message } = stateOf(object)
  return { done: false, percent, message: `${nameOf(ref)}: ${message}` }
}

/** A condition of a generation that its controller has not observed yet says nothing about what was applied last. */
export function holds(object: KubernetesObject, condition: Condition): boolean {
  if (typeof condition !== 'string')
    return at(object, ...condition.path.replace(/^\./, '').split('.')) === condition.equals
  if (condition === 'Current') return isCurrent(object).current
  const observed = at(object, 'status', 'observedGeneration')
  if (typeof observed === 'number' && observed < (object.metadata.generation ?? 0)) return false
  const [type = '', status = 'True'] = condition.split('=')
  return conditionOf(object, type)?.status === status
}

const wordsOf = (condition: Condition): string =>
  typeof condition === 'string' ? condition : `${condition.path} is ${condition.equals}`
