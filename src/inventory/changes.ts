import type { JsonObject } from '../json.ts'
import { INVENTORY_BASE } from './api.ts'
import type { InventoryCollection } from './records.ts'

/** CREATE, MODIFY, DELETE (O2IMS 3.2.5.1.2). */
export const CREATE = 0 as const
export const MODIFY = 1 as const
export const DELETE = 2 as const

export type InventoryObjectType =
  | 'Cloud'
  | 'ResourceType'
  | 'ResourcePool'
  | 'Resource'
  | 'DeploymentManager'
  | 'Location'
  | 'OCloudSite'

/** What subscribers are told of one object. */
export interface InventoryChange {
  objectType: InventoryObjectType
  notificationEventType: typeof CREATE | typeof MODIFY | typeof DELETE
  /** Path from the root of the service. */
  objectRef: string
  priorObjectState?: JsonObject
  postObjectState?: JsonObject
}

/** The kind of these changes in the outbox. */
export const INVENTORY_CHANGE = 'inventory'

interface Told {
  objectType: InventoryObjectType
  /** The attributes whose changes are told (IM, x-inventoryNotification and x-stateChangeNotification): neither identifiers nor extensions, tags and groups. */
  attributes: readonly string[]
  path(value: JsonObject): string
}

const TOLD: Partial<Record<InventoryCollection, Told>> = {
  inventoryCloud: { objectType: 'Cloud', attributes: ['name', 'description', 'serviceUri'], path: () => '' },
  inventoryResourceType: {
    objectType: 'ResourceType',
    attributes: ['name', 'description'],
    path: at('resourceTypes', 'resourceTypeId'),
  },
  inventoryResourcePool: {
    objectType: 'ResourcePool',
    attributes: ['name', 'description'],
    path: at('resourcePools', 'resourcePoolId'),
  },
  inventoryResource: {
    objectType: 'Resource',
    attributes: ['description', 'elements'],
    path: (value) => at('resourcePools', 'resourcePoolId')(value) + at('resources', 'resourceId')(value),
  },
  inventoryDeploymentManager: {
    objectType: 'DeploymentManager',
    attributes: ['name', 'description', 'oCloudId', 'serviceUri', 'supportedLocations', 'capabilities', 'capacity'],
    path: at('deploymentManagers', 'deploymentManagerId'),
  },
  inventoryLocation: {
    objectType: 'Location',
    attributes: ['name', 'description', 'oCloudSiteIds'],
    path: at('locations', 'globalLocationId'),
  },
  inventorySite: {
    objectType: 'OCloudSite',
    attributes: ['name', 'description', 'resourcePools'],
    path: at('oCloudSites', 'oCloudSiteId'),
  },
}

function at(collection: string, id: string): (value: JsonObject) => string {
  return (value) => `/${collection}/${encodeURIComponent(String(value[id]))}`
}

/**
 * What a write of a record tells subscribers: nothing for dictionaries (3.2.5.1.2 has no such object) and for changes of attributes that are not told of. A resource whose type
 * has changed is another resource (IM 4.2.1.4.4.1), though its node kept its uid: it goes and comes.
 */
export function changesOf(
  collection: InventoryCollection,
  before: JsonObject | undefined,
  after: JsonObject | undefined,
): InventoryChange[] {
  const told = TOLD[collection]
  const object = after ?? before
  if (told === undefined || object === undefined) return []
  const { objectType, attributes } = told
  const common = { objectType, objectRef: INVENTORY_BASE + told.path(object) }
  const gone = before && { ...common, notificationEventType: DELETE, priorObjectState: before }
  const made = after && { ...common, notificationEventType: CREATE, postObjectState: after }
  if (before === undefined || after === undefined || before.resourceTypeId !== after.resourceTypeId)
    return [...(gone ? [gone] : []), ...(made ? [made] : [])]
  const changed = attributes.some((attribute) => JSON.stringify(before[attribute]) !== JSON.stringify(after[attribute]))
  if (!changed) return []
  return [{ ...common, notificationEventType: MODIFY, priorObjectState: before, postObjectState: after }]
}
