import type { KubernetesObject, ObjectRef } from '../../clusters/cluster.ts'
import type { Made, MadeObject } from '../record.ts'
import { keyOf, plainRef, refOf } from './object-order.ts'
import type { StepContext } from './step.ts'

/**
 * What a step has made and is about to make, kept while it runs. An object is entered before it exists, so that what a death leaves behind can be found;
 * `save` is the checkpoint that has to come between the entry and the effect.
 */
export interface Ledger {
  notes: Made['notes']
  outputs: Made['outputs']
  /** About to be made, or ours already (then `live`); `elsewhere` is its O-Cloud when that is not the step's. */
  intend(ref: ObjectRef, live: KubernetesObject | undefined, elsewhere?: string): void
  /** Used, made by somebody else: never removed. */
  used(ref: ObjectRef, uid: string | undefined): void
  /** It stands; `changed` is false when the server had it like that already. */
  stands(ref: ObjectRef, uid: string | undefined, changed: boolean): void
  deleted(ref: ObjectRef): void
  /** Made by us, or about to be. */
  knows(ref: ObjectRef): boolean
  /** True when something of an earlier generation is still there. */
  hasEarlier(): boolean
  /** What earlier runs made that is not among these. */
  surplus(wanted: readonly ObjectRef[]): MadeObject[]
  made(): Made
  save(): Promise<void>
}

export function createLedger(oCloudId: string, previous: Made | undefined, context: StepContext): Ledger {
  const { generation } = context.request
  const before = (previous?.objects ?? []).filter(
    (object) => object.action !== 'deleted' && object.madeIn !== undefined,
  )
  const entries = new Map<string, MadeObject>(before.map((object) => [keyOf(object), object]))
  const ledger: Ledger = {
    notes: { ...previous?.notes },
    outputs: {},
    intend(ref, live, elsewhere) {
      const known = entries.get(keyOf(ref))
      const where = { ...plainRef(ref), ...(elsewhere !== undefined && { oCloudId: elsewhere }) }
      if (live === undefined) {
        entries.set(keyOf(ref), { ...where, action: 'created', madeIn: generation, intended: true })
        return
      }
      const madeIn = known?.madeIn ?? generation
      entries.set(keyOf(ref), {
        ...where,
        uid: live.metadata.uid,
        action: madeIn === generation ? 'created' : 'unchanged',
        madeIn,
      })
    },
    used(ref, uid) {
      entries.set(keyOf(ref), { ...plainRef(ref), uid, action: 'unchanged' })
    },
    stands(ref, uid, changed) {
      const entry = entries.get(keyOf(ref))
      if (!entry) return
      const { intended: _, ...seen } = entry
      const action = entry.action === 'created' || !changed ? entry.action : 'updated'
      entries.set(keyOf(ref), { ...seen, uid: uid ?? entry.uid, action })
    },
    deleted(ref) {
      const entry = entries.get(keyOf(ref))
      if (entry) entries.set(keyOf(ref), { ...entry, action: 'deleted' })
    },
    knows: (ref) => entries.get(keyOf(ref))?.madeIn !== undefined,
    hasEarlier: () => before.some(({ madeIn = generation }) => madeIn < generation),
    surplus(wanted) {
      const keys = new Set(wanted.map(keyOf))
      return [...entries.values()].filter(
        (entry) => entry.madeIn !== undefined && entry.action !== 'deleted' && !keys.has(keyOf(entry)),
      )
    },
    made: () => ({
      oCloudId,
      objects: [...entries.values()],
      outputs: { ...ledger.outputs },
      notes: { ...ledger.notes },
    }),
    save: () => context.checkpoint(ledger.made()),
  }
  return ledger
}

export const refsOf = (objects: readonly KubernetesObject[]): ObjectRef[] => objects.map(refOf)
