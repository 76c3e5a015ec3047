import { z } from 'zod'
import type { JsonObject } from '../json.ts'
import { approvalSchema } from '../provisioning/option-schema.ts'
import { provisioningPhaseSchema, provisioningRequestInfoSchema, stepStateSchema } from '../provisioning/schema.ts'
import { queryTypeOf } from '../query/query-type.ts'
import type { EventKind, EventTypes, WrittenChange } from './events.ts'

const dateTime = z.iso.datetime()

/** What every event says of its request. */
const about = {
  event: z.literal(['phase', 'step', 'end']),
  provisioningRequestId: z.string(),
  provisioningRequestReference: z.uuid(),
  name: z.string(),
  templateName: z.string(),
  templateVersion: z.string(),
  generation: z.int(),
  at: dateTime,
}

const EVENTS = {
  phase: z.strictObject({
    ...about,
    provisioningPhase: provisioningPhaseSchema,
    priorProvisioningPhase: provisioningPhaseSchema.optional(),
    message: z.string(),
    approval: approvalSchema.optional(),
    provisionedResourceSet: provisioningRequestInfoSchema.shape.provisionedResourceSet,
    error: z.strictObject({ code: z.string(), step: z.string().nullable(), cause: z.string() }).optional(),
  }),
  step: z.strictObject({
    ...about,
    step: z.string(),
    uses: z.string(),
    state: stepStateSchema,
    priorState: stepStateSchema.optional(),
    percent: z.number(),
    message: z.string(),
  }),
  end: z.strictObject({ ...about, deleted: z.boolean() }),
}

export const PROVISIONING_EVENT_TYPES: EventTypes = Object.fromEntries(
  Object.entries(EVENTS).map(([name, schema]) => [name, queryTypeOf(schema)]),
)

/** Events of provisioning requests, as the front door's event stream has them. The specification defines none (3.4.5.1). */
export const provisioningEvents: EventKind = {
  typeOf: ({ data }) => String(data.event),
  attributes,
  body: (change, { subscriptionId, consumerSubscriptionId }, notificationId) => ({
    notificationId,
    subscriptionId,
    ...(consumerSubscriptionId !== undefined && { consumerSubscriptionId }),
    ...attributes(change),
  }),
}

/** A request that is gone has no time of its own. */
function attributes({ at, data }: WrittenChange): JsonObject {
  return { at: new Date(at).toISOString(), ...data }
}
