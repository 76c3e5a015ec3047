import type { AlarmDictionary, PerformanceDictionary } from './dictionaries/schema.ts'
import { isReachable } from './reachability.ts'
import type {
  CloudInfo,
  DeploymentManagerInfo,
  LocationInfo,
  OCloudSiteInfo,
  ResourceInfo,
  ResourcePoolInfo,
  ResourceTypeInfo,
} from './schema.ts'

/** What stands in each collection of Inventory, exactly as it is answered. In the order in which new records are written: what others name comes first. */
export interface InventoryValues {
  inventoryCloud: CloudInfo
  inventoryLocation: LocationInfo
  inventorySite: OCloudSiteInfo
  inventoryResourceType: ResourceTypeInfo
  inventoryAlarmDictionary: AlarmDictionary
  inventoryPerformanceDictionary: PerformanceDictionary
  inventoryResourcePool: ResourcePoolInfo
  inventoryResource: ResourceInfo
  inventoryDeploymentManager: DeploymentManagerInfo
}

export type InventoryCollection = keyof InventoryValues
export type InventoryValue = InventoryValues[InventoryCollection]

export const INVENTORY_COLLECTIONS: readonly InventoryCollection[] = [
  'inventoryCloud',
  'inventoryLocation',
  'inventorySite',
  'inventoryResourceType',
  'inventoryAlarmDictionary',
  'inventoryPerformanceDictionary',
  'inventoryResourcePool',
  'inventoryResource',
  'inventoryDeploymentManager',
]

/** One record as it should stand. */
export interface InventoryRecord {
  collection: InventoryCollection
  id: string
  /** The same object as last time means that nothing has changed. */
  value: InventoryValue
  /** What lists and filters find it by. */
  indexes: Record<string, string[]>
}

/** The key of a resource: a cluster that is registered twice is two deployment managers, with the same nodes in pools of their own. */
export function resourceKey(resourcePoolId: string, resourceId: string): string {
  return `${resourcePoolId}/${resourceId}`
}

type Describe<C extends InventoryCollection> = (
  value: InventoryValues[C],
) => Omit<InventoryRecord, 'collection' | 'value'>

const DESCRIBE: { [C in InventoryCollection]: Describe<C> } = {
  inventoryCloud: ({ oCloudId }) => ({ id: oCloudId, indexes: {} }),
  inventoryLocation: ({ globalLocationId, name }) => ({
    id: globalLocationId,
    indexes: { globalLocationId: [globalLocationId], name: [name] },
  }),
  inventorySite: ({ oCloudSiteId, globalLocationId, name }) => ({
    id: oCloudSiteId,
    indexes: { oCloudSiteId: [oCloudSiteId], globalLocationId: [globalLocationId], name: [name] },
  }),
  inventoryResourceType: ({ resourceTypeId, name, vendor, model, resourceClass }) => ({
    id: resourceTypeId,
    indexes: {
      resourceTypeId: [resourceTypeId],
      name: [name],
      vendor: [vendor],
      model: [model],
      resourceClass: [resourceClass],
    },
  }),
  inventoryAlarmDictionary: ({ alarmDictionaryId }) => ({
    id: alarmDictionaryId,
    indexes: { alarmDictionaryId: [alarmDictionaryId] },
  }),
  inventoryPerformanceDictionary: ({ performanceDictionaryId }) => ({
    id: performanceDictionaryId,
    indexes: { performanceDictionaryId: [performanceDictionaryId] },
  }),
  inventoryResourcePool: ({ resourcePoolId, name, oCloudSiteId, globalLocationId }) => ({
    id: resourcePoolId,
    indexes: {
      resourcePoolId: [resourcePoolId],
      name: [name],
      oCloudSiteId: [oCloudSiteId],
      globalLocationId: [globalLocationId],
    },
  }),
  inventoryResource: ({ resourceId, resourcePoolId, resourceTypeId }) => ({
    id: resourceKey(resourcePoolId, resourceId),
    indexes: { resourceId: [resourceId], resourcePoolId: [resourcePoolId], resourceTypeId: [resourceTypeId] },
  }),
  inventoryDeploymentManager: (value) => ({
    id: value.deploymentManagerId,
    indexes: {
      deploymentManagerId: [value.deploymentManagerId],
      name: [value.name],
      reachable: [String(isReachable(value))],
    },
  }),
}

export function recordOf<C extends InventoryCollection>(collection: C, value: InventoryValues[C]): InventoryRecord {
  const describe: Describe<C> = DESCRIBE[collection]
  return { collection, value, ...describe(value) }
}
