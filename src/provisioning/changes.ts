import type { JsonObject } from '../json.ts'
import type { Change } from '../store/outbox-types.ts'
import type { Transition } from './lifecycle.ts'
import type { ProvisioningEvent, ProvisioningRecord } from './record.ts'

/** The kind of these changes in the outbox. */
export const PROVISIONING_CHANGE = 'provisioning'

/**
 * What subscribers are told of a transition: every event of a phase, and steps whose state is another one than before. A step that only gets on is not told: who wants
 * each percent follows the event stream.
 */
export function changesOf(before: ProvisioningRecord | undefined, { record, events }: Transition): Change[] {
  const states = new Map(before?.steps.map(({ name, state }) => [name, state]))
  return events.flatMap((event) => {
    if (event.event === 'end') return []
    if (event.event === 'phase') return told(record, phaseOf(before, record, event.data))
    const { step, state } = event.data
    const priorState = states.get(step)
    if (state === priorState) return []
    states.set(step, state)
    const uses = record.steps.find(({ name }) => name === step)?.uses ?? ''
    return told(record, { event: 'step', ...event.data, uses, ...(priorState && { priorState }) })
  })
}

/** That a request is gone, with its last events. */
export function changesOfRemoval(record: ProvisioningRecord, events: readonly ProvisioningEvent[]): Change[] {
  return events.flatMap((event) =>
    event.event === 'end' ? told(record, { event: 'end', generation: record.generation, ...event.data }) : [],
  )
}

type PhaseData = Extract<ProvisioningEvent, { event: 'phase' }>['data']

function phaseOf(before: ProvisioningRecord | undefined, record: ProvisioningRecord, data: PhaseData): JsonObject {
  const { provisionedResourceSet, error } = record
  return {
    event: 'phase',
    ...data,
    ...(before && { priorProvisioningPhase: before.phase }),
    ...(provisionedResourceSet && { provisionedResourceSet: { ...provisionedResourceSet } }),
    ...(error && { error: { code: error.code, step: error.step, cause: error.cause } }),
  }
}

function told(record: ProvisioningRecord, data: JsonObject): Change[] {
  const { provisioningRequestId, reference, data: asked } = record
  const { name, templateName, templateVersion } = asked
  const about = { provisioningRequestId, provisioningRequestReference: reference, name, templateName, templateVersion }
  return [{ kind: PROVISIONING_CHANGE, data: { ...about, ...data } }]
}
