import type { Logger } from 'pino'
import { allOClouds } from '../../clusters/all-oclouds.ts'
import type { OCloud, OCloudRegistry } from '../../clusters/registry-types.ts'
import { OCLOUDS } from '../../clusters/stored-ocloud.ts'
import { createWorkQueue } from '../../clusters/work-queue.ts'
import type { OCloudIdentity } from '../../registration/identity.ts'
import type { Store } from '../../store/store.ts'
import { cloudInfoOf } from '../cloud.ts'
import { byTypeId, CLUSTER_KIND } from '../projection/kinds.ts'
import { type Place, placesOf } from '../projection/places.ts'
import { type InventoryRecord, recordOf } from '../records.ts'
import { poolIdsOf, recordsOfOCloud, type Seen } from '../seen.ts'
import { createTypeRecords, placeRecords } from '../shared-records.ts'
import { type Following, followCluster } from './follow-cluster.ts'
import { loadStoredInventory, OutOfDate, SHARED } from './stored-inventory.ts'

export interface ReconcileParts {
  store: Pick<Store, 'collection' | 'feed'>
  oClouds: Pick<OCloudRegistry, 'list' | 'open'>
  identity: OCloudIdentity
  /** Where the SMO reaches this service; where that is not known, no change of it is told. */
  apiRoot: string | undefined
  log: Logger
}

/** Several O-Clouds that are registered at about the same time make one look. */
const GATHER_MS = 20
/** What the queue does beside O-Clouds, each by its id. */
const REGISTRATIONS = ' registrations'

interface Followed {
  following: Following
  stop(): void
}

interface Registered {
  registration: OCloud
  place: Place
}

/**
 * Keeps what is stored of Inventory true, until the signal aborts: follows the registered O-Clouds and each one's cluster, and writes what differs. One process does so (a lease
 * says which). It begins with what is stored, so that what a death left half done is put right by the next one.
 */
export async function reconcileInventory(parts: ReconcileParts, signal: AbortSignal): Promise<void> {
  const { store, oClouds, identity, apiRoot, log } = parts
  let stored = await loadStoredInventory(store)
  let places = placesOf([])
  let registered = new Map<string, Registered>()
  const followed = new Map<string, Followed>()
  const seen = new Map<string, Seen>()
  const typeRecords = createTypeRecords()
  const queue = createWorkQueue({ work, concurrency: 1, signal, log })

  const unsubscribe = store.feed.subscribe(
    OCLOUDS,
    ({ topic }) => {
      followed.get(topic.slice(OCLOUDS.length + 1))?.following.reopen()
      queue.add(REGISTRATIONS, GATHER_MS)
    },
    () => {
      for (const { following } of followed.values()) following.reopen()
      queue.add(REGISTRATIONS)
    },
  )
  queue.add(REGISTRATIONS)
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true })
    if (signal.aborted) resolve(undefined)
  })
  unsubscribe()

  async function work(key: string): Promise<void> {
    if (key === REGISTRATIONS) return readRegistrations()
    try {
      await bringUpToDate(key)
    } catch (error) {
      if (error instanceof OutOfDate) stored = await loadStoredInventory(store)
      throw error
    }
  }

  async function readRegistrations(): Promise<void> {
    const all = await allOClouds(oClouds)
    const before = registered
    places = placesOf(all)
    registered = new Map(
      all.map((registration) => [registration.oCloudId, { registration, place: places.of(registration) }]),
    )
    for (const [oCloudId, { stop }] of followed) {
      if (registered.has(oCloudId)) continue
      stop()
      followed.delete(oCloudId)
    }
    for (const oCloudId of new Set([...before.keys(), ...stored.owners()]))
      if (!registered.has(oCloudId)) queue.add(oCloudId)
    for (const [oCloudId, now] of registered) {
      if (!followed.has(oCloudId)) followed.set(oCloudId, follow(oCloudId))
      if (JSON.stringify(now) !== JSON.stringify(before.get(oCloudId))) queue.add(oCloudId)
    }
  }

  function follow(oCloudId: string): Followed {
    const end = new AbortController()
    const before = stored.seen(oCloudId)
    if (before) seen.set(oCloudId, before)
    const following = followCluster({
      oCloudId,
      open: () => oClouds.open(oCloudId),
      before,
      onNews: (afterMs) => queue.add(oCloudId, afterMs),
      signal: AbortSignal.any([signal, end.signal]),
      log,
    })
    return { following, stop: () => end.abort() }
  }

  /** What belongs to that O-Cloud, and what belongs to all of them together. */
  async function bringUpToDate(oCloudId: string): Promise<void> {
    const now = followed.get(oCloudId)?.following.seen()
    if (now === undefined) seen.delete(oCloudId)
    else seen.set(oCloudId, now)
    const kinds = byTypeId(seen.size === 0 ? [] : [CLUSTER_KIND])
    for (const { kinds: own } of seen.values()) for (const [id, kind] of own) kinds.set(id, kind)
    const wanted = new Map<string, InventoryRecord[]>([
      [
        SHARED,
        [
          ...(apiRoot === undefined ? [] : [recordOf('inventoryCloud', cloudInfoOf(identity, apiRoot))]),
          ...placeRecords(places, (one) => poolIdsOf(one.oCloudId, seen.get(one.oCloudId))),
          ...typeRecords(kinds),
        ],
      ],
    ])
    const known = registered.get(oCloudId)
    if (known === undefined) wanted.set(oCloudId, [])
    else if (now !== undefined) {
      const { registration, place } = known
      wanted.set(oCloudId, recordsOfOCloud(registration, now, { oCloudId: identity.oCloudId, place }))
    }
    await stored.write(wanted)
  }
}
