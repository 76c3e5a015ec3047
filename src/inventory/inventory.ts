import type { Scan, ScanPage } from '../store/scan-types.ts'
import type { Store, Versioned } from '../store/store.ts'
import type { InventoryCollection, InventoryValue, InventoryValues } from './records.ts'

/** What is stored of Inventory, for reading. Rejects with UNAVAILABLE when the store is away. */
export interface Inventory {
  get<C extends InventoryCollection>(collection: C, id: string): Promise<Versioned<InventoryValues[C]> | undefined>
  scan(collection: InventoryCollection, scan: Scan): Promise<ScanPage>
}

export function createInventory(store: Pick<Store, 'collection'>): Inventory {
  return {
    get: (collection, id) => store.collection<InventoryValues[typeof collection]>(collection).get(id),
    scan: (collection, scan) => store.collection<InventoryValue>(collection).scan(scan),
  }
}
