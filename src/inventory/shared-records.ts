import type { OCloud } from '../clusters/registry-types.ts'
import { alarmDictionaryOf } from './dictionaries/alarms.ts'
import { performanceDictionaryOf } from './dictionaries/performance.ts'
import { type Kind, resourceTypeOf } from './projection/kinds.ts'
import type { Places } from './projection/places.ts'
import { type InventoryRecord, recordOf } from './records.ts'

/** Sites with their pools, and locations. */
export function placeRecords(
  places: Places,
  poolIdsOf: (registration: OCloud) => readonly string[],
): InventoryRecord[] {
  const { sites, locations } = places.shown(poolIdsOf)
  return [
    ...locations.map((location) => recordOf('inventoryLocation', location)),
    ...sites.map((site) => recordOf('inventorySite', site)),
  ]
}

/** Resource types and their dictionaries; what was made for a kind before is the same object again. */
export function createTypeRecords(): (kinds: ReadonlyMap<string, Kind>) => InventoryRecord[] {
  let known = new Map<string, InventoryRecord[]>()
  return (kinds) => {
    known = new Map([...kinds].map(([id, kind]) => [id, known.get(id) ?? recordsOfKind(kind)]))
    return [...known.values()].flat()
  }
}

function recordsOfKind(kind: Kind): InventoryRecord[] {
  const measured = performanceDictionaryOf(kind)
  return [
    recordOf('inventoryResourceType', resourceTypeOf(kind)),
    recordOf('inventoryAlarmDictionary', alarmDictionaryOf(kind)),
    ...(measured ? [recordOf('inventoryPerformanceDictionary', measured)] : []),
  ]
}
