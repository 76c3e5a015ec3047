import { createHash } from 'node:crypto'
import { z } from 'zod'
import { ServiceError } from '../errors.ts'
import { resourceUnlessKnown } from '../http/answers.ts'
import { selectorQuery } from '../http/list-query.ts'
import { none, type Operation, operation } from '../http/operation.ts'
import { readingQuery } from '../http/query-problem.ts'
import { project } from '../query/project.ts'
import { queryTypeOf } from '../query/query-type.ts'
import { parseSelector } from '../query/selector.ts'
import type { OCloudIdentity } from '../registration/identity.ts'
import { INVENTORY_BASE } from './api.ts'
import { cloudInfoOf } from './cloud.ts'
import { cloudExample, resourceTypeExample } from './examples.ts'
import { resourceOperations } from './resource-operations.ts'
import { cloudInfoSchema } from './schema.ts'
import {
  found,
  type InventoryRouteParts,
  inventoryId,
  inventoryOperation,
  oneAnswers,
  type Shelf,
  shelfOperations,
} from './shelf-operations.ts'
import {
  alarmDictionaries,
  deploymentManagers,
  locations,
  oCloudSites,
  performanceDictionaries,
  resourcePools,
  resourceTypes,
} from './shelves.ts'

export interface InventoryOperationParts extends InventoryRouteParts {
  registration: { readonly identity: OCloudIdentity }
  /** Where others reach this service; what they asked for when absent. */
  apiRoot: string | undefined
}

/** O2ims_InfrastructureInventory without its subscriptions (O2IMS table 3.2.3-1): it only reads. */
export function inventoryOperations({ registration, apiRoot, ...parts }: InventoryOperationParts): Operation[] {
  return [
    cloudOperation(registration, apiRoot),
    ...shelfOperations(resourceTypes, parts),
    dictionaryOperation(alarmDictionaries, 'alarmDictionary', 'alarmDictionaryId', parts),
    dictionaryOperation(performanceDictionaries, 'performanceDictionary', 'performanceDictionaryId', parts),
    ...shelfOperations(alarmDictionaries, parts),
    ...shelfOperations(performanceDictionaries, parts),
    ...shelfOperations(resourcePools, parts),
    ...resourceOperations(parts),
    ...shelfOperations(deploymentManagers, parts),
    ...shelfOperations(locations, parts),
    ...shelfOperations(oCloudSites, parts),
  ]
}

function cloudOperation(registration: InventoryOperationParts['registration'], apiRoot: string | undefined): Operation {
  const type = queryTypeOf(cloudInfoSchema)
  return operation({
    ...inventoryOperation,
    path: INVENTORY_BASE,
    operationId: 'getCloud',
    summary: 'Read the O-Cloud (3.2.4.10)',
    params: none,
    query: selectorQuery,
    requestHeaders: ['Version', 'If-None-Match'],
    answers: oneAnswers('The O-Cloud.', cloudInfoSchema, cloudExample),
    async handle({ query, headers, request }) {
      const selector = readingQuery(() => parseSelector(query, type))
      const root = apiRoot ?? `${request.protocol}://${request.host}`
      const body = project(selector, cloudInfoOf(registration.identity, root))
      const tag = createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 16)
      return resourceUnlessKnown(headers, body, tag)
    },
  })
}

/** A dictionary by its resource type: the same object as by its own id (table 3.2.6.2.2-1, note 2). */
function dictionaryOperation<C extends 'inventoryAlarmDictionary' | 'inventoryPerformanceDictionary'>(
  { collection, name, noun, schema, example, clauses }: Shelf<C>,
  segment: string,
  reference: 'alarmDictionaryId' | 'performanceDictionaryId',
  { inventory }: InventoryRouteParts,
): Operation {
  return operation({
    ...inventoryOperation,
    path: `${INVENTORY_BASE}/resourceTypes/{resourceTypeId}/${segment}`,
    operationId: `get${name}OfResourceType`,
    summary: `Read the ${noun} of a resource type (${clauses[1]})`,
    params: z.strictObject({ resourceTypeId: inventoryId }),
    paramExamples: { resourceTypeId: resourceTypeExample.resourceTypeId },
    query: none,
    requestHeaders: ['Version', 'If-None-Match'],
    answers: oneAnswers(`The ${noun}.`, schema, example),
    errors: ['NOT_FOUND'],
    async handle({ params: { resourceTypeId }, headers }) {
      const type = await inventory.get('inventoryResourceType', resourceTypeId)
      const id = found(type, 'resource type', resourceTypeId).value[reference]
      if (id === undefined) throw new ServiceError('NOT_FOUND', `the resource type ${resourceTypeId} has no ${noun}`)
      const { value, n } = found(await inventory.get(collection, id), noun, id)
      return resourceUnlessKnown(headers, value, n)
    },
  })
}
