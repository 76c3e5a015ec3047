import type { StoredRecords } from '../http/list-source.ts'
import type { Store, Versioned } from '../store/store.ts'
import type { InventoryCollection, InventoryValue, InventoryValues } from './records.ts'

/** What is stored of Inventory, for reading. Rejects with UNAVAILABLE when the store is away. */
export interface Inventory {
  get<C extends InventoryCollection>(collection: C, id: string): Promise<Versioned<InventoryValues[C]> | undefined>
  /** For lists. */
  records(collection: InventoryCollection): StoredRecords
}

export function createInventory(store: Pick<Store, 'collection'>): Inventory {
  return {
    get: (collection, id) => store.collection<InventoryValues[typeof collection]>(collection).get(id),
    records: (collection) => store.collection<InventoryValue>(collection),
  }
}
