import { z } from 'zod'
import { resourceUnlessKnown } from '../http/answers.ts'
import { listQuery } from '../http/list-query.ts'
import { storedSource } from '../http/list-source.ts'
import { none, type Operation, operation } from '../http/operation.ts'
import { queryTypeOf } from '../query/query-type.ts'
import { INVENTORY_BASE } from './api.ts'
import { resourceExample } from './examples.ts'
import { resourceKey } from './records.ts'
import { resourceInfoSchema } from './schema.ts'
import { found, type InventoryRouteParts, inventoryId, inventoryOperation, oneAnswers } from './shelf-operations.ts'

const POOL = `${INVENTORY_BASE}/resourcePools/{resourcePoolId}`
const { resourcePoolId, resourceId } = resourceExample
const INDEXED = ['resourceId', 'resourceTypeId']

/** The resources of a pool: each is in one pool, and found in no other. */
export function resourceOperations({ inventory, lists }: InventoryRouteParts): Operation[] {
  const type = queryTypeOf(resourceInfoSchema)
  return [
    operation({
      ...inventoryOperation,
      path: `${POOL}/resources`,
      operationId: 'listResources',
      summary: 'Query the resources of a pool (3.2.4.6)',
      params: z.strictObject({ resourcePoolId: inventoryId }),
      paramExamples: { resourcePoolId },
      query: listQuery('(eq,groups,worker);(cont,tags,kubernetes.io/arch=amd64)'),
      requestHeaders: ['Version'],
      answers: {
        200: {
          description: 'One page.',
          body: resourceInfoSchema.array(),
          example: [resourceExample],
          headers: ['Link', 'Version'],
        },
      },
      errors: ['NOT_FOUND'],
      async handle({ params, query, request }) {
        const id = params.resourcePoolId
        found(await inventory.get('inventoryResourcePool', id), 'resource pool', id)
        const source = storedSource(() => inventory.records('inventoryResource'), INDEXED, {
          attribute: 'resourcePoolId',
          value: id,
        })
        return lists.answer({ path: `${INVENTORY_BASE}/resourcePools/${id}/resources`, type, source }, query, request)
      },
    }),
    operation({
      ...inventoryOperation,
      path: `${POOL}/resources/{resourceId}`,
      operationId: 'getResource',
      summary: 'Read a resource (3.2.4.7)',
      params: z.strictObject({ resourcePoolId: inventoryId, resourceId: inventoryId }),
      paramExamples: { resourcePoolId, resourceId },
      query: none,
      requestHeaders: ['Version', 'If-None-Match'],
      answers: oneAnswers('The resource with its elements.', resourceInfoSchema, resourceExample),
      errors: ['NOT_FOUND'],
      async handle({ params, headers }) {
        const key = resourceKey(params.resourcePoolId, params.resourceId)
        const stored = await inventory.get('inventoryResource', key)
        const { value, n } = found(stored, `resource in the pool ${params.resourcePoolId}`, params.resourceId)
        return resourceUnlessKnown(headers, value, n)
      },
    }),
  ]
}
