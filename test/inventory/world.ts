import { Writable } from 'node:stream'
import { type Logger, pino } from 'pino'
import { createKubernetesCluster } from '../../src/clusters/kubernetes/cluster.ts'
import type { Timeouts } from '../../src/clusters/kubernetes/connection.ts'
import { createOCloudRegistry } from '../../src/clusters/registry.ts'
import type { OCloudRegistry } from '../../src/clusters/registry-types.ts'
import { createSimulatedClusters, type SimulatedClusters } from '../../src/clusters/simulated/simulated-clusters.ts'
import type { InventoryChange } from '../../src/inventory/changes.ts'
import type { InventoryCollection, InventoryValues } from '../../src/inventory/records.ts'
import { startInventory } from '../../src/inventory/start.ts'
import type { OCloudIdentity } from '../../src/registration/identity.ts'
import type { Store } from '../../src/store/store.ts'
import { createTestStore, type TestStore } from '../harness/redis.ts'

export const IDENTITY: OCloudIdentity = {
  oCloudId: 'b1c0a6f4-6f0e-4d0a-8a55-0c1f2d3e4f50',
  globalCloudId: 'global-cloud',
  globalLocationIds: [],
  globalAssetIds: [],
  name: 'o2ims',
  description: 'An O-Cloud',
}

const LANE = 'test'

export interface InventoryWorld {
  store: Store
  redis: TestStore['redis']
  oClouds: OCloudRegistry
  simulated: SimulatedClusters
  /** Begins to keep Inventory, as another process of the same service would after this one has stopped. */
  start(): void
  stop(): Promise<void>
  /** Another process that would keep it, if this one did not. */
  another(): Promise<{ stop(): Promise<void> }>
  all<C extends InventoryCollection>(collection: C): Promise<InventoryValues[C][]>
  /** Versions of all records: one more for every write. */
  versions(): Promise<Record<string, number>>
  /** What subscribers would have been told, since the last call. */
  told(): Promise<InventoryChange[]>
  log(): string
  teardown(): Promise<void>
}

/** A registry and an inventory that follows it, with changes kept as for a subscriber. */
export async function inventoryWorld({ timeouts }: { timeouts?: Partial<Timeouts> } = {}): Promise<InventoryWorld> {
  const { store, redis, another, stop: stopStore } = await createTestStore()
  let logged = ''
  const log: Logger = pino(
    { level: 'debug' },
    new Writable({
      write(chunk, _encoding, done) {
        logged += chunk
        done()
      },
    }),
  )
  const simulated = createSimulatedClusters({ store, log, delays: { startMs: 10, runMs: 10, createMs: 10 } })
  const oClouds = createOCloudRegistry({
    store,
    simulated,
    connect: (oCloud) => createKubernetesCluster({ ...oCloud, log, ...(timeouts && { timeouts }) }),
    log,
    statusCacheSeconds: 1,
  })
  await store.outbox.openLane(LANE)
  const epoch = await store.outbox.takeEpoch()
  let running: ReturnType<typeof startInventory> | undefined
  let taken = (await store.outbox.lanes()).get(LANE) ?? 0

  async function rows<C extends InventoryCollection>(collection: C) {
    const items: { value: InventoryValues[C]; n: number }[] = []
    for (let after: number | undefined; ; ) {
      const page = await store
        .collection<InventoryValues[C]>(collection)
        .list({ limit: 1000, ...(after !== undefined && { after }) })
      items.push(...page.items)
      if (page.next === undefined) return items
      after = page.next
    }
  }

  const parts = { store, oClouds, identity: IDENTITY, apiRoot: 'http://localhost:8080', log }
  const world: InventoryWorld = {
    store,
    redis,
    oClouds,
    simulated,
    start() {
      running = startInventory(parts)
    },
    async stop() {
      await running?.stop()
      running = undefined
    },
    async another() {
      const otherStore = await another()
      const other = startInventory({ ...parts, store: otherStore })
      return {
        async stop() {
          await other.stop()
          await otherStore.close()
        },
      }
    },
    all: async (collection) => (await rows(collection)).map(({ value }) => value),
    async versions() {
      const versions: Record<string, number> = {}
      for (const { value, n } of await rows('inventoryResource')) versions[value.resourceId] = n
      for (const { value, n } of await rows('inventoryResourcePool')) versions[value.resourcePoolId] = n
      for (const { value, n } of await rows('inventoryDeploymentManager')) versions[value.deploymentManagerId] = n
      return versions
    },
    async told() {
      const changes: InventoryChange[] = []
      for (;;) {
        const { entries } = await store.outbox.read(taken, 500)
        for (const { position, text } of entries) {
          taken = position
          changes.push(JSON.parse(text))
        }
        if (entries.length === 0) break
      }
      await store.outbox.advance(LANE, taken, epoch)
      return changes
    },
    log: () => logged,
    async teardown() {
      await world.stop()
      await oClouds.close()
      await stopStore()
    },
  }
  return world
}
