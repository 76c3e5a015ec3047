import { resource } from '../http/answers.ts'
import { pageQuery } from '../http/list-query.ts'
import { representedSource } from '../http/list-source.ts'
import type { Lists } from '../http/lists.ts'
import { noBody, none, type Operation, operation } from '../http/operation.ts'
import { queryTypeOf } from '../query/query-type.ts'
import { deadLetterExample, subscriptionExample, subscriptionExamples, subscriptionPathExample } from './examples.ts'
import type { SubscriptionRecord } from './record.ts'
import {
  deadLetterSchema,
  newSubscriptionSchema,
  subscriptionInfo,
  subscriptionParams,
  subscriptionSchema,
} from './schema.ts'
import type { Subscriptions } from './service.ts'
import { checkUnchanged, SUBSCRIPTION_VERSION } from './unchanged.ts'

export const SUBSCRIPTIONS_TAG = {
  name: 'Subscriptions',
  description: 'Who is told of changes, how that fares, and what could not be told.',
}

const LIST = '/o2ims/v1/subscriptions'
const ITEM = `${LIST}/{subscriptionId}`
const DEAD_LETTERS = `${ITEM}/deadLetters`
const tag = SUBSCRIPTIONS_TAG.name
const item = {
  tag,
  params: subscriptionParams,
  paramExamples: subscriptionPathExample,
  query: none,
  body: noBody,
} as const

/** `/o2ims/v1/subscriptions`: those of every API, with their health and dead letters. */
export function subscriptionOperations({
  subscriptions,
  lists,
}: {
  subscriptions: Subscriptions
  lists: Lists
}): Operation[] {
  const shown = async (records: SubscriptionRecord[]) => (await subscriptions.withHealth(records)).map(subscriptionInfo)
  const one = async (record: SubscriptionRecord) => (await shown([record]))[0]
  const list = {
    path: LIST,
    type: queryTypeOf(subscriptionSchema),
    source: representedSource((options) => subscriptions.list(options), shown),
  }
  const deadLettersType = queryTypeOf(deadLetterSchema)
  const subscription = { body: subscriptionSchema, example: subscriptionExample }

  return [
    operation({
      method: 'POST',
      path: LIST,
      operationId: 'createSubscription',
      tag,
      summary: 'Subscribe to events of provisioning requests, or to changes of Inventory',
      params: none,
      query: none,
      body: newSubscriptionSchema,
      examples: subscriptionExamples,
      answers: { 201: { description: 'Subscribed.', ...subscription, headers: ['Location', 'ETag'] } },
      errors: ['CALLBACK_FAILED'],
      async handle({ body: { api, ...given } }) {
        const record = await subscriptions.create(api, given)
        return resource(201, await one(record), SUBSCRIPTION_VERSION, `${LIST}/${record.subscriptionId}`)
      },
    }),
    operation({
      method: 'GET',
      path: LIST,
      operationId: 'listSubscriptions',
      tag,
      summary: 'All subscriptions with their health',
      params: none,
      query: pageQuery('(eq,health/state,RETRYING)'),
      body: noBody,
      answers: {
        200: {
          description: 'One page.',
          body: subscriptionSchema.array(),
          example: [subscriptionExample],
          headers: ['Link'],
        },
      },
      handle: ({ query, request }) => lists.answer(list, query, request),
    }),
    operation({
      ...item,
      method: 'GET',
      path: ITEM,
      operationId: 'getSubscription',
      summary: 'One subscription with its health',
      answers: { 200: { description: 'The subscription.', ...subscription, headers: ['ETag'] } },
      errors: ['NOT_FOUND'],
      async handle({ params: { subscriptionId } }) {
        return resource(200, await one(await subscriptions.get(subscriptionId)), SUBSCRIPTION_VERSION)
      },
    }),
    operation({
      ...item,
      method: 'DELETE',
      path: ITEM,
      operationId: 'deleteSubscription',
      summary: 'End a subscription; its dead letters go with it',
      requestHeaders: ['If-Match'],
      answers: { 204: { description: 'Ended.' } },
      errors: ['NOT_FOUND', 'PRECONDITION_FAILED'],
      async handle({ params: { subscriptionId }, headers }) {
        await subscriptions.get(subscriptionId)
        await checkUnchanged(headers)
        await subscriptions.remove(subscriptionId)
        return { status: 204 }
      },
    }),
    operation({
      ...item,
      method: 'POST',
      path: `${ITEM}/retry`,
      operationId: 'retrySubscription',
      summary: 'End the pause after a failure: the next attempt is now',
      answers: { 202: { description: 'It is tried.', ...subscription } },
      errors: ['NOT_FOUND'],
      async handle({ params: { subscriptionId } }) {
        return { status: 202, body: await one(await subscriptions.retry(subscriptionId)) }
      },
    }),
    operation({
      ...item,
      method: 'GET',
      path: DEAD_LETTERS,
      operationId: 'listDeadLetters',
      summary: 'Notifications that were given up, oldest first',
      query: pageQuery('(gt,givenUpAt,2026-11-23T00:00:00Z)'),
      answers: {
        200: {
          description: 'One page.',
          body: deadLetterSchema.array(),
          example: [deadLetterExample],
          headers: ['Link'],
        },
      },
      errors: ['NOT_FOUND'],
      async handle({ params: { subscriptionId }, query, request }) {
        await subscriptions.get(subscriptionId)
        const source = representedSource(
          (options) => subscriptions.deadLetters(subscriptionId, options),
          (letters) => letters,
        )
        const path = `${LIST}/${subscriptionId}/deadLetters`
        return lists.answer({ path, type: deadLettersType, source }, query, request)
      },
    }),
    operation({
      ...item,
      method: 'DELETE',
      path: DEAD_LETTERS,
      operationId: 'deleteDeadLetters',
      summary: 'Forget the dead letters of this moment',
      answers: { 204: { description: 'Forgotten.' } },
      errors: ['NOT_FOUND'],
      async handle({ params: { subscriptionId } }) {
        await subscriptions.forgetDeadLetters(subscriptionId)
        return { status: 204 }
      },
    }),
    operation({
      ...item,
      method: 'POST',
      path: `${DEAD_LETTERS}/replay`,
      operationId: 'replayDeadLetters',
      summary: 'Deliver the dead letters of this moment again',
      description:
        'Oldest first, before anything newer, with the ids that they had. The first failure ends it; what was not delivered stays.',
      answers: { 202: { description: 'They are being delivered.', ...subscription } },
      errors: ['NOT_FOUND'],
      async handle({ params: { subscriptionId } }) {
        return { status: 202, body: await one(await subscriptions.replay(subscriptionId)) }
      },
    }),
  ]
}
