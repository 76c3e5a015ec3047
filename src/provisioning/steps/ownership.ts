import type { KubernetesObject } from '../../clusters/cluster.ts'
import { at, isObject, listAt, stringAt } from '../../clusters/fields.ts'
import { INVENTORY_ANNOTATION, MANAGED_BY, OWNER_LABEL, STEP_LABEL } from '../../clusters/ownership.ts'
import { isWorkload } from './object-order.ts'
import type { StepContext } from './step.ts'

/** Whose objects they are: one step of one request. */
export interface Owner {
  reference: string
  step: string
}

/** A label takes no colon, which the names of hooks have; no name of a step has a dot. */
export const ownerOf = (context: Pick<StepContext, 'request' | 'step'>): Owner => ({
  reference: context.request.reference,
  step: context.step.replaceAll(':', '.'),
})

/** The id of kpt's inventory: from our own reference, never from the client. */
export const inventoryIdOf = ({ reference, step }: Owner): string => `o2ims-${reference}-${step}`

export const ownerLabels = ({ reference, step }: Owner): Record<string, string> => ({
  [OWNER_LABEL]: reference,
  [STEP_LABEL]: step,
})

export const ownerSelector = ({ reference, step }: Owner): string => `${OWNER_LABEL}=${reference},${STEP_LABEL}=${step}`

/** The object with our labels, also on the pods that it makes: they are found again by them when they do not start, or do not go. */
export function stamped(object: KubernetesObject, owner: Owner): KubernetesObject {
  const labels = { ...object.metadata.labels, ...MANAGED_BY, ...ownerLabels(owner) }
  const result: KubernetesObject = { ...object, metadata: { ...object.metadata, labels } }
  if (!isWorkload(object) || !object.spec) return result
  if (object.kind === 'CronJob') {
    const template = withPodLabels(at(object.spec, 'jobTemplate', 'spec'), owner)
    const jobTemplate = at(object.spec, 'jobTemplate')
    return template && isObject(jobTemplate)
      ? { ...result, spec: json({ ...object.spec, jobTemplate: { ...jobTemplate, spec: template } }) }
      : result
  }
  const spec = withPodLabels(object.spec, owner)
  return spec ? { ...result, spec: json(spec) } : result
}

function withPodLabels(spec: unknown, owner: Owner): Record<string, unknown> | undefined {
  const template = at(spec, 'template')
  if (!isObject(spec) || !isObject(template)) return undefined
  const metadata = isObject(template.metadata) ? template.metadata : {}
  const labels = isObject(metadata.labels) ? metadata.labels : {}
  return {
    ...spec,
    template: { ...template, metadata: { ...metadata, labels: { ...labels, ...ownerLabels(owner) } } },
  }
}

const json = (value: object): NonNullable<KubernetesObject['spec']> => JSON.parse(JSON.stringify(value))

export type Standing =
  | { standing: 'ours' }
  /** `owner` in words, for the error. */
  | { standing: 'foreign'; owner: string }

/** Whose an existing object is. What carries nobody's mark was made by somebody else all the same: it is never taken over. */
export function standingOf(live: KubernetesObject, owner: Owner): Standing {
  const { labels = {}, annotations = {} } = live.metadata
  const reference = labels[OWNER_LABEL]
  const inventory = annotations[INVENTORY_ANNOTATION]
  if (reference === owner.reference) {
    if (labels[STEP_LABEL] === owner.step) return { standing: 'ours' }
    return { standing: 'foreign', owner: `step ${labels[STEP_LABEL] ?? 'unknown'} of this request` }
  }
  if (reference !== undefined) return { standing: 'foreign', owner: `provisioning request ${reference}` }
  if (inventory === inventoryIdOf(owner)) return { standing: 'ours' }
  if (inventory !== undefined) return { standing: 'foreign', owner: `kpt inventory ${inventory}` }
  // Who writes a status is a controller, or the API server itself.
  const writers = listAt(live, 'metadata', 'managedFields').filter((entry) => at(entry, 'subresource') === undefined)
  const maker = stringAt(writers[0], 'manager')
  return { standing: 'foreign', owner: maker === undefined ? 'somebody else' : `somebody else (made by ${maker})` }
}

/**
 * Is it the object that we made, at undo? The uid decides where it was written down, unless it is another request's by now;
 * after a death between an effect and its record the labels decide.
 */
export function isStillOurs(live: KubernetesObject, uid: string | undefined, owner: Owner): boolean {
  const labelled = live.metadata.labels?.[OWNER_LABEL]
  if (labelled !== undefined && labelled !== owner.reference) return false
  if (uid !== undefined && live.metadata.uid === uid) return true
  return standingOf(live, owner).standing === 'ours'
}
