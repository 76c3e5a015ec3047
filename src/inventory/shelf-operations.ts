import { z } from 'zod'
import { ServiceError } from '../errors.ts'
import { resourceUnlessKnown } from '../http/answers.ts'
import { listQuery } from '../http/list-query.ts'
import { storedSource } from '../http/list-source.ts'
import type { Lists } from '../http/lists.ts'
import { noBody, none, type Operation, operation } from '../http/operation.ts'
import { aliasesOf } from '../http/versions.ts'
import { queryTypeOf } from '../query/query-type.ts'
import type { Versioned } from '../store/store.ts'
import { INVENTORY_API, INVENTORY_BASE } from './api.ts'
import type { Inventory } from './inventory.ts'
import type { InventoryCollection, InventoryValues } from './records.ts'

/** What every operation of Inventory has. */
export const inventoryOperation = {
  tag: INVENTORY_API.tag,
  aliases: aliasesOf(INVENTORY_API),
  method: 'GET',
  body: noBody,
} as const

export const inventoryId = z.string().min(1).max(256)

/** A list of Inventory and what stands in it. */
export interface Shelf<C extends InventoryCollection> {
  collection: C
  /** e.g. `resourceTypes` */
  segment: string
  /** Of the path, e.g. `resourceTypeId`. */
  parameter: string
  /** For summaries, e.g. "resource type"; `plural` for lists. */
  noun: string
  plural: string
  /** For operationIds, e.g. `ResourceType`; `names` for lists. */
  name: string
  names: string
  schema: z.ZodType<InventoryValues[C]>
  /** Of entries of the list, where it leaves something out. */
  listed?: z.ZodType
  excludedByDefault?: readonly string[]
  /** What the list can be found by in the store. */
  indexed: readonly string[]
  /** A filter that a client may well send. */
  filter: string
  example: InventoryValues[C]
  exampleId: string
  /** Clauses of list and item. */
  clauses: readonly [string, string]
}

export interface InventoryRouteParts {
  inventory: Inventory
  lists: Lists
}

/** The list of a shelf, and one entry of it. */
export function shelfOperations<C extends InventoryCollection>(
  shelf: Shelf<C>,
  parts: InventoryRouteParts,
): Operation[] {
  const { collection, segment, parameter, noun, plural, schema, listed = schema, example, excludedByDefault } = shelf
  const { inventory, lists } = parts
  const path = `${INVENTORY_BASE}/${segment}`
  const source = storedSource(() => inventory.records(collection), shelf.indexed)
  const list = { path, type: queryTypeOf(schema), source, ...(excludedByDefault && { excludedByDefault }) }
  return [
    operation({
      ...inventoryOperation,
      path,
      operationId: `list${shelf.names}`,
      summary: `Query ${plural} (${shelf.clauses[0]})`,
      params: none,
      query: listQuery(shelf.filter),
      requestHeaders: ['Version'],
      answers: {
        200: { description: 'One page.', body: listed.array(), example: [example], headers: ['Link', 'Version'] },
      },
      handle: ({ query, request }) => lists.answer(list, query, request),
    }),
    operation({
      ...inventoryOperation,
      path: `${path}/{${parameter}}`,
      operationId: `get${shelf.name}`,
      summary: `Read a ${noun} (${shelf.clauses[1]})`,
      params: z.strictObject({ [parameter]: inventoryId }),
      paramExamples: { [parameter]: shelf.exampleId },
      query: none,
      requestHeaders: ['Version', 'If-None-Match'],
      answers: oneAnswers(`The ${noun}.`, schema, example),
      errors: ['NOT_FOUND'],
      async handle({ params, headers }) {
        const id = params[parameter] ?? ''
        const { value, n } = found(await inventory.get(collection, id), noun, id)
        return resourceUnlessKnown(headers, value, n)
      },
    }),
  ]
}

/** What a single resource is answered with. */
export function oneAnswers(description: string, body: z.ZodType, example: unknown) {
  const headers = ['ETag', 'Version'] as const
  return { 200: { description, body, example, headers }, 304: { description: 'Not changed since.', headers } }
}

/** @throws ServiceError NOT_FOUND */
export function found<T>(stored: Versioned<T> | undefined, noun: string, id: string): Versioned<T> {
  if (stored === undefined) throw new ServiceError('NOT_FOUND', `there is no ${noun} ${id}`)
  return stored
}
