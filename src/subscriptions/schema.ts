import { z } from 'zod'
import { jsonObject } from '../http/json-object.ts'
import { SUBSCRIPTION_APIS, type SubscriptionRecord } from './record.ts'
import type { SubscriptionWithHealth } from './service.ts'

const dateTime = z.string().meta({ format: 'date-time' })

export const subscriptionParams = z.strictObject({ subscriptionId: z.string().min(1).max(128) })

const given = {
  consumerSubscriptionId: z
    .string()
    .max(256)
    .optional()
    .meta({ description: 'Any text; comes back with every notification.' }),
  filter: z.string().max(4096).optional().meta({
    description:
      'SOL 013 5.2.2, over the attributes of the object and of the event: what matches is told. All events when absent.',
  }),
  callback: z.string().max(2048).meta({ format: 'uri', description: 'Where notifications are sent by POST.' }),
}

const assigned = z.uuid().meta({ description: 'Assigned by the O-Cloud.' })
const ignored = z.unknown().optional().meta({ description: 'Ignored: the O-Cloud assigns it.' })

/** O2IMS 3.2.6.2.7, as it is sent. */
export const newInventorySubscriptionSchema = z
  .strictObject({ subscriptionId: ignored, ...given })
  .meta({ id: 'NewInventorySubscription', description: 'InventorySubscriptionInfo as it is sent.' })

/** O2IMS 3.2.6.2.7. */
export const inventorySubscriptionInfoSchema = z
  .strictObject({ subscriptionId: assigned, ...given })
  .meta({ id: 'InventorySubscriptionInfo', description: 'O2IMS 3.2.6.2.7.' })

const api = z.enum(SUBSCRIPTION_APIS)

export const newSubscriptionSchema = z
  .strictObject({
    api: api
      .default('provisioning')
      .meta({ description: 'What is told: changes of Inventory, or events of provisioning requests.' }),
    ...given,
  })
  .meta({ id: 'NewSubscription' })

const healthSchema = z
  .strictObject({
    state: z.enum(['OK', 'RETRYING', 'GIVEN_UP']).meta({
      description:
        'RETRYING: the last attempt failed, and something waits for the next one. GIVEN_UP: it failed, and what waited has become dead letters.',
    }),
    consecutiveFailures: z.int(),
    failingSince: dateTime.optional(),
    lastSuccessAt: dateTime.optional().meta({ description: 'Some seconds old at most.' }),
    lastFailure: z.strictObject({ at: dateTime, reason: z.string() }).optional(),
    nextAttemptAt: dateTime.optional().meta({ description: 'The end of the pause after a failure.' }),
    lag: z.strictObject({ changes: z.int(), oldestAt: dateTime.optional() }).meta({
      description:
        'Changes that were written and that it has not passed yet, whether they match or not, and when the oldest was written. A second old at most.',
    }),
    deadLetters: z
      .strictObject({ kept: z.int(), lost: z.int() })
      .meta({ description: 'Notifications that were given up, and how many of which nothing is kept any more.' }),
    replaying: z.boolean().meta({ description: 'Dead letters are being delivered again.' }),
  })
  .meta({ id: 'SubscriptionHealth' })

export const subscriptionSchema = z
  .strictObject({ subscriptionId: assigned, api, ...given, createdAt: dateTime, health: healthSchema })
  .meta({ id: 'Subscription', description: 'A subscription and how it fares.' })

export const deadLetterSchema = z
  .strictObject({
    notificationId: z.uuid().optional().meta({ description: 'What was sent as Idempotency-Key.' }),
    at: dateTime.optional().meta({ description: 'When the change was written.' }),
    givenUpAt: dateTime,
    reason: z.string(),
    notification: jsonObject.optional().meta({ description: 'The body.' }),
    lost: z.int().optional().meta({ description: 'For so many changes: nothing of them is kept.' }),
  })
  .meta({ id: 'DeadLetter', description: 'A notification that was given up.' })

/** Nothing but what the specification has. */
export function inventorySubscriptionInfo({
  subscriptionId,
  consumerSubscriptionId,
  filter,
  callback,
}: SubscriptionRecord) {
  return {
    subscriptionId,
    ...(consumerSubscriptionId !== undefined && { consumerSubscriptionId }),
    ...(filter !== undefined && { filter }),
    callback,
  }
}

export function subscriptionInfo({ subscription, health }: SubscriptionWithHealth): z.input<typeof subscriptionSchema> {
  const { api, createdAt } = subscription
  return { ...inventorySubscriptionInfo(subscription), api, createdAt, health }
}
