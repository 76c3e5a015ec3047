import { expect } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import type { Service } from './service.ts'
import { INVENTORY, namesOf } from './tables.ts'

/** The lists whose entries are found by their id alone. */
const LISTED = {
  resourceTypes: 'resourceTypeId',
  alarmDictionaries: 'alarmDictionaryId',
  performanceDictionaries: 'performanceDictionaryId',
  resourcePools: 'resourcePoolId',
  deploymentManagers: 'deploymentManagerId',
  locations: 'globalLocationId',
  oCloudSites: 'oCloudSiteId',
} as const

export interface InventoryReader {
  /** Whole entries. */
  all(list: keyof typeof LISTED): Promise<JsonObject[]>
  /** Of all lists. */
  everything(): Promise<JsonObject[][]>
  /** The body of what stands at a path below Inventory. */
  read(path: string): Promise<JsonObject>
  resourcesOf(pool: JsonObject): Promise<JsonObject[]>
  /** Of all pools. */
  resources(): Promise<JsonObject[]>
  /** Each of the list can be read by its id and is the same, and nothing stands under another id. */
  expectListAndItem(list: keyof typeof LISTED): Promise<JsonObject[]>
}

export function readInventory(service: Service): InventoryReader {
  const reader: InventoryReader = {
    all: (list) => service.all(`${INVENTORY}/${list}?all_fields`),
    everything: () => Promise.all(Object.keys(LISTED).map((list) => service.all(`${INVENTORY}/${list}?all_fields`))),
    read: async (path) => (await service.call(`${INVENTORY}/${path}`)).body,
    resourcesOf: ({ resourcePoolId }) => service.all(`${INVENTORY}/resourcePools/${resourcePoolId}/resources`),
    resources: async () => (await Promise.all((await reader.all('resourcePools')).map(reader.resourcesOf))).flat(),
    async expectListAndItem(list) {
      const entries = await reader.all(list)
      expect(entries.length).toBeGreaterThan(1)
      const ids = entries.map((entry) => String(entry[LISTED[list]]))
      expect(new Set(ids).size).toBe(ids.length)
      for (const [index, id] of ids.entries())
        for (const name of namesOf(`${INVENTORY}/${list}`)) {
          const { status, body } = await service.call(`${name}/${encodeURIComponent(id)}`)
          expect([status, body], `${name}/${id}`).toEqual([200, entries[index]])
        }
      expect((await service.call(`${INVENTORY}/${list}/no-such-id`)).status).toBe(404)
      return entries
    },
  }
  return reader
}

/** A resource and everything that it consists of. */
export function withElements(resource: JsonObject): JsonObject[] {
  return [resource, ...objects(resource.elements).flatMap(withElements)]
}

/** The objects of an array; none where it is absent. */
export function objects(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value : []
}
