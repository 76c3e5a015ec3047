import { resource, resourceUnlessKnown } from '../http/answers.ts'
import { listQuery } from '../http/list-query.ts'
import { representedSource } from '../http/list-source.ts'
import type { Lists } from '../http/lists.ts'
import { noBody, none, type Operation, operation } from '../http/operation.ts'
import { pathname } from '../http/paths.ts'
import { aliasesOf } from '../http/versions.ts'
import { INVENTORY_API, INVENTORY_BASE } from '../inventory/api.ts'
import { queryTypeOf } from '../query/query-type.ts'
import { inventorySubscriptionExample, inventorySubscriptionExamples, subscriptionPathExample } from './examples.ts'
import {
  inventorySubscriptionInfo,
  inventorySubscriptionInfoSchema,
  newInventorySubscriptionSchema,
  subscriptionParams,
} from './schema.ts'
import type { Subscriptions } from './service.ts'
import { checkUnchanged, SUBSCRIPTION_VERSION } from './unchanged.ts'

const LIST = `${INVENTORY_BASE}/subscriptions`
const ITEM = `${LIST}/{subscriptionId}`
const common = { tag: INVENTORY_API.tag, aliases: aliasesOf(INVENTORY_API) }
const item = {
  ...common,
  params: subscriptionParams,
  paramExamples: subscriptionPathExample,
  query: none,
  body: noBody,
} as const

export interface InventorySubscriptionParts {
  subscriptions: Subscriptions
  lists: Lists
}

/** The subscriptions of Inventory (O2IMS 3.2.4.11, 3.2.4.12); those of other APIs are not there. */
export function inventorySubscriptionOperations({ subscriptions, lists }: InventorySubscriptionParts): Operation[] {
  const list = {
    path: LIST,
    type: queryTypeOf(inventorySubscriptionInfoSchema),
    source: representedSource(
      (options) => subscriptions.list(options, 'inventory'),
      (records) => records.map(inventorySubscriptionInfo),
    ),
  }
  return [
    operation({
      ...common,
      method: 'POST',
      path: LIST,
      operationId: 'createInventorySubscription',
      summary: 'Subscribe to changes of Inventory (3.2.4.11.3.1)',
      description:
        'The callback gets an InventoryEventNotification (3.2.5) by POST for each change that matches the filter.',
      params: none,
      query: none,
      body: newInventorySubscriptionSchema,
      examples: inventorySubscriptionExamples,
      requestHeaders: ['Version'],
      answers: {
        201: {
          description: 'Subscribed.',
          body: inventorySubscriptionInfoSchema,
          example: inventorySubscriptionExample,
          headers: ['Location', 'ETag', 'Version'],
        },
      },
      errors: ['CALLBACK_FAILED'],
      async handle({ body: { subscriptionId: _, ...given }, request }) {
        const record = await subscriptions.create('inventory', given)
        const location = `${pathname(request.url)}/${record.subscriptionId}`
        return resource(201, inventorySubscriptionInfo(record), SUBSCRIPTION_VERSION, location)
      },
    }),
    operation({
      ...common,
      method: 'GET',
      path: LIST,
      operationId: 'listInventorySubscriptions',
      summary: 'Query subscriptions (3.2.4.11.3.2)',
      params: none,
      query: listQuery('(eq,consumerSubscriptionId,smo-7)'),
      body: noBody,
      requestHeaders: ['Version'],
      answers: {
        200: {
          description: 'One page.',
          body: inventorySubscriptionInfoSchema.array(),
          example: [inventorySubscriptionExample],
          headers: ['Link', 'Version'],
        },
      },
      handle: ({ query, request }) => lists.answer(list, query, request),
    }),
    operation({
      ...item,
      method: 'GET',
      path: ITEM,
      operationId: 'getInventorySubscription',
      summary: 'Read a subscription (3.2.4.12.3.2)',
      requestHeaders: ['Version', 'If-None-Match'],
      answers: {
        200: {
          description: 'The subscription.',
          body: inventorySubscriptionInfoSchema,
          example: inventorySubscriptionExample,
          headers: ['ETag', 'Version'],
        },
        304: { description: 'It never changes.', headers: ['ETag', 'Version'] },
      },
      errors: ['NOT_FOUND'],
      async handle({ params, headers }) {
        const record = await subscriptions.get(params.subscriptionId, 'inventory')
        return resourceUnlessKnown(headers, inventorySubscriptionInfo(record), SUBSCRIPTION_VERSION)
      },
    }),
    operation({
      ...item,
      method: 'DELETE',
      path: ITEM,
      operationId: 'deleteInventorySubscription',
      summary: 'End a subscription (3.2.4.12.3.5)',
      requestHeaders: ['Version', 'If-Match'],
      answers: { 204: { description: 'Ended.', headers: ['Version'] } },
      errors: ['NOT_FOUND', 'PRECONDITION_FAILED'],
      async handle({ params: { subscriptionId }, headers }) {
        await subscriptions.get(subscriptionId, 'inventory')
        await checkUnchanged(headers)
        await subscriptions.remove(subscriptionId, 'inventory')
        return { status: 204 }
      },
    }),
  ]
}
