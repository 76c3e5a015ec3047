import { z } from 'zod'
import type { KubernetesObject } from '../clusters/cluster.ts'
import { stringAt } from '../clusters/fields.ts'

/** What an operator that we play can be told to do for one request, beside doing its work. */
export const BEHAVIOURS = [
  'normal',
  // The o2ims-operator never writes a status.
  'silent',
  // It is restarted after the end: fulfilled, progressing, fulfilled, with other ids each time (old generation).
  'restart',
  'failed',
  'missing-cluster-name',
  // Fails in the words in which it fails after half an hour.
  'timeout-text',
  // Takes ten times as long.
  'slow',
  // Porch's first try fails, also where Porch is not there: the old generation falls silent, the new one waits for the second.
  'render-error',
  // FoCoM writes its phases in another case than it usually does.
  'wrong-case',
  // FoCoM meets an API server that is away for a moment, and never looks again.
  'outage-failed-for-ever',
] as const

export type BehaviourName = (typeof BEHAVIOURS)[number]

/** What only FoCoM does: nothing without it. */
export const OF_FOCOM: readonly BehaviourName[] = ['wrong-case', 'outage-failed-for-ever']

export const operatorBehaviourSchema = z.strictObject({
  behaviour: z.enum(BEHAVIOURS).default('normal'),
  /** Milliseconds: how often FoCoM looks, and how long each stage of the o2ims-operator takes. */
  pollMs: z.int().min(10).max(600_000).optional(),
  /** The generation of the o2ims-operator. */
  generation: z.enum(['old', 'new']).optional(),
})

export type OperatorBehaviour = z.output<typeof operatorBehaviourSchema>

/** On a FocomProvisioningRequest or a southbound ProvisioningRequest; only operators that we play know it. */
export const BEHAVIOUR_ANNOTATION = 'o2ims.simulated/behaviour'

/** The annotation with which a request asks for that behaviour. */
export function behaviourAnnotation(behaviour: OperatorBehaviour): Record<string, string> {
  return { [BEHAVIOUR_ANNOTATION]: JSON.stringify(behaviour) }
}

/** The annotation as the object has it, for an object that is made for it; the true operators pass no annotation on. */
export function passedOn(object: KubernetesObject): { annotations?: Record<string, string> } {
  const text = stringAt(object, 'metadata', 'annotations', BEHAVIOUR_ANNOTATION)
  return text === undefined ? {} : { annotations: { [BEHAVIOUR_ANNOTATION]: text } }
}

/** What the object asks for (JSON, or the bare name). An annotation that cannot be read is told in `refused`. */
export function behaviourOf(object: KubernetesObject): OperatorBehaviour & { refused?: string } {
  const text = stringAt(object, 'metadata', 'annotations', BEHAVIOUR_ANNOTATION)
  if (text === undefined) return { behaviour: 'normal' }
  const read = operatorBehaviourSchema.safeParse(text.trimStart().startsWith('{') ? jsonOf(text) : { behaviour: text })
  if (read.success) return read.data
  return { behaviour: 'failed', refused: `the annotation ${BEHAVIOUR_ANNOTATION} cannot be read` }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // What is no JSON does not fit the schema either, and is refused by it.
    return text
  }
}
