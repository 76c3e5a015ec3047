import { stringAt } from '../../clusters/fields.ts'
import type { JsonObject } from '../../json.ts'
import { AlreadyExists, type Collection, type Store, VersionConflict } from '../../store/store.ts'
import { changesOf, INVENTORY_CHANGE, type InventoryChange } from '../changes.ts'
import {
  INVENTORY_COLLECTIONS,
  type InventoryCollection,
  type InventoryRecord,
  type InventoryValue,
  recordOf,
} from '../records.ts'
import type { DeploymentManagerInfo, ResourceInfo, ResourcePoolInfo, ResourceTypeInfo } from '../schema.ts'
import { type Seen, seenBefore } from '../seen.ts'

/** What stands in the store differs from what we know of it: somebody else wrote, or an answer was lost. */
export class OutOfDate extends Error {}

/** Owner of what belongs to no O-Cloud alone. */
export const SHARED = ' shared'
/** Owner of the one that all of them are together. */
export const CLOUD = ' cloud'

/** Everything that is stored of Inventory, known in memory so that only differences are written. */
export interface StoredInventory {
  /** Ids of the O-Clouds that something is stored of. */
  owners(): string[]
  /** What was known of an O-Cloud; undefined when nothing was. */
  seen(oCloudId: string): Seen | undefined
  /** Makes what is stored of these owners exactly that. Rejects with OutOfDate: load it again. */
  write(wanted: ReadonlyMap<string, readonly InventoryRecord[]>): Promise<void>
}

interface Stored {
  collection: InventoryCollection
  id: string
  n: number
  text: string
  /** What `text` was made from. */
  value?: object
}

/** By collection and id. */
type Shelf = Map<string, Stored>

const RESOURCES: InventoryCollection = 'inventoryResource'
const PAGE = 1000
const AT_ONCE = 32

/** Reads all of it. Rejects with UNAVAILABLE when the store is away. */
export async function loadStoredInventory(store: Pick<Store, 'collection'>): Promise<StoredInventory> {
  const collections = new Map(INVENTORY_COLLECTIONS.map((name) => [name, store.collection<InventoryValue>(name)]))
  const shelves = new Map<string, Shelf>()
  const shelfOf = (owner: string): Shelf => {
    const shelf = shelves.get(owner) ?? new Map()
    shelves.set(owner, shelf)
    return shelf
  }
  for (const [name, collection] of collections)
    for await (const { value, n } of everything(collection)) {
      const { id } = recordOf(name, value)
      shelfOf(ownerOf(name, value)).set(keyOf(name, id), { collection: name, id, n, text: JSON.stringify(value) })
    }

  function collectionOf(name: InventoryCollection): Collection<InventoryValue> {
    const collection = collections.get(name)
    if (collection === undefined) throw new RangeError(`${name} is no collection of Inventory`)
    return collection
  }

  async function put(shelf: Shelf, { collection: name, id, value, indexes }: InventoryRecord): Promise<void> {
    const collection = collectionOf(name)
    const key = keyOf(name, id)
    const before = shelf.get(key)
    const text = JSON.stringify(value)
    const alongside = { indexes, changes: outgoing(changesOf(name, parsed(before?.text), parsed(text))) }
    const written = await (before === undefined
      ? collection.create(id, value, alongside)
      : collection.replace(id, before.n, value, alongside))
    if (written === undefined) throw new OutOfDate(`${key} is gone`)
    shelf.set(key, { collection: name, id, n: written.n, text, value })
  }

  async function drop(shelf: Shelf, { collection: name, id, n, text }: Stored): Promise<void> {
    const changes = outgoing(changesOf(name, parsed(text), undefined))
    await collectionOf(name).remove(id, n, { changes })
    shelf.delete(keyOf(name, id))
  }

  return {
    owners: () => [...shelves.keys()].filter((owner) => owner !== SHARED && owner !== CLOUD),
    seen: (oCloudId) => seenOn(shelfOf(oCloudId), shelfOf(SHARED)),

    async write(wanted) {
      const puts: (Job & { collection: InventoryCollection })[] = []
      const drops: typeof puts = []
      for (const [owner, records] of wanted) {
        const shelf = shelfOf(owner)
        const stays = new Set(records.map(({ collection, id }) => keyOf(collection, id)))
        for (const record of records.filter((one) => differs(shelf, one)))
          puts.push({ collection: record.collection, run: () => put(shelf, record) })
        for (const [key, stored] of shelf)
          if (!stays.has(key)) drops.push({ collection: stored.collection, run: () => drop(shelf, stored) })
      }
      // What is named by others comes before them and goes after them.
      for (const name of INVENTORY_COLLECTIONS) {
        // One that changes its pool goes before it comes: whoever knows resources by their ids alone would lose it otherwise. Nothing names resources.
        if (name === RESOURCES) await runAll(drops.filter(({ collection }) => collection === name))
        await runAll(puts.filter(({ collection }) => collection === name))
      }
      for (const name of INVENTORY_COLLECTIONS.toReversed())
        if (name !== RESOURCES) await runAll(drops.filter(({ collection }) => collection === name))
      for (const owner of wanted.keys()) if (shelfOf(owner).size === 0) shelves.delete(owner)
    },
  }
}

interface Job {
  run(): Promise<void>
}

async function runAll(jobs: readonly Job[]): Promise<void> {
  for (let i = 0; i < jobs.length; i += AT_ONCE) {
    const ends = await Promise.allSettled(jobs.slice(i, i + AT_ONCE).map((job) => job.run()))
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed !== undefined) throw outOfDate(failed.reason)
  }
}

function outOfDate(error: unknown): unknown {
  const known = error instanceof AlreadyExists || error instanceof VersionConflict
  return known ? new OutOfDate(error.message, { cause: error }) : error
}

/** Is something to be written? The very value that was written last is not even compared. */
function differs(shelf: Shelf, { collection, id, value }: InventoryRecord): boolean {
  const stored = shelf.get(keyOf(collection, id))
  if (stored === undefined) return true
  if (stored.value === value) return false
  if (stored.text !== JSON.stringify(value)) return true
  stored.value = value
  return false
}

function seenOn(own: Shelf, shared: Shelf): Seen | undefined {
  const all = (collection: InventoryCollection) =>
    [...own.values()].filter((stored) => stored.collection === collection).map(({ text }) => text)
  const [deploymentManager] = all('inventoryDeploymentManager').map((text): DeploymentManagerInfo => JSON.parse(text))
  return (
    deploymentManager &&
    seenBefore({
      deploymentManager,
      pools: all('inventoryResourcePool').map((text): ResourcePoolInfo => JSON.parse(text)),
      resources: all('inventoryResource').map((text): ResourceInfo => JSON.parse(text)),
      typeOf(resourceTypeId) {
        const stored = shared.get(keyOf('inventoryResourceType', resourceTypeId))
        const type: ResourceTypeInfo | undefined = stored && JSON.parse(stored.text)
        return type
      },
    })
  )
}

function ownerOf(collection: InventoryCollection, value: object): string {
  if (collection === 'inventoryCloud') return CLOUD
  const owner =
    collection === 'inventoryDeploymentManager'
      ? stringAt(value, 'deploymentManagerId')
      : stringAt(value, 'extensions', 'deploymentManagerId')
  return owner ?? SHARED
}

function keyOf(collection: InventoryCollection, id: string): string {
  return `${collection}:${id}`
}

async function* everything<T>(collection: Collection<T>): AsyncGenerator<{ value: T; n: number }> {
  for (let after: number | undefined; ; ) {
    const { items, next } = await collection.list({ limit: PAGE, ...(after !== undefined && { after }) })
    yield* items
    if (next === undefined) return
    after = next
  }
}

function parsed(text: string | undefined): JsonObject | undefined {
  const value: JsonObject | undefined = text === undefined ? undefined : JSON.parse(text)
  return value
}

function outgoing(changes: InventoryChange[]) {
  return changes.map((data) => ({ kind: INVENTORY_CHANGE, data: { ...data } }))
}
