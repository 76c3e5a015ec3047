import { INVENTORY_CHANGE, MODIFY } from '../../src/inventory/changes.ts'
import type { JsonObject } from '../../src/json.ts'
import { createOutgoing } from '../../src/outgoing/outgoing.ts'
import type { OutgoingSettings } from '../../src/outgoing/settings.ts'
import type { Store } from '../../src/store/store.ts'
import { type DelivererParts, startDeliverer } from '../../src/subscriptions/deliverer.ts'
import { eventKinds } from '../../src/subscriptions/event-kinds.ts'
import type { RetrySettings } from '../../src/subscriptions/retry-rules.ts'
import { createSubscriptions, type NewSubscription, type Subscriptions } from '../../src/subscriptions/service.ts'
import type { HttpPeer } from '../harness/http-peer.ts'
import { createTestStore, silentLog, type TestStore } from '../harness/redis.ts'
import { labSettings } from '../outgoing/settings.ts'

export const ROOT = 'https://o2ims.example'
/** Failures pass quickly, and nothing is given up. */
export const QUICK: RetrySettings = { firstMs: 20, mostMs: 300, windowMs: 600_000 }

export interface SubscriptionWorld extends TestStore {
  subscriptions: Subscriptions
  subscribe(given: NewSubscription): Promise<string>
  /** Starts a process that delivers; several may be there. */
  deliver(settings?: RetrySettings, store?: Store): { stop(): Promise<void> }
  /** Writes a change of that resource pool, its `description` being the next number of that pool. */
  change(pool: string): Promise<void>
  /** Those of its changes that the store knows, at most 100. */
  numbersOf(pool: string): Promise<number[]>
  stop(): Promise<void>
}

/** Subscriptions on a real Redis, with callbacks on loopback allowed. */
export async function createSubscriptionWorld({
  most = 1000,
  outgoing: more = {},
}: {
  most?: number
  outgoing?: Partial<OutgoingSettings>
} = {}): Promise<SubscriptionWorld> {
  const test = await createTestStore()
  const outgoing = createOutgoing({ settings: labSettings(more) })
  const kinds = eventKinds(ROOT)
  const subscriptions = createSubscriptions({ store: test.store, acceptCallback: outgoing.acceptCallback, most })
  const running: { stop(): Promise<void> }[] = []
  const { change, numbersOf } = createPools(test.store)
  return {
    ...test,
    subscriptions,
    subscribe: async (given) => (await subscriptions.create('inventory', given)).subscriptionId,
    deliver(settings = QUICK, store = test.store) {
      const parts: DelivererParts = { store, post: outgoing.post, kinds, settings, log: silentLog() }
      const deliverer = startDeliverer(parts)
      running.push(deliverer)
      return deliverer
    },
    change,
    numbersOf,
    async stop() {
      await Promise.all(running.map((deliverer) => deliverer.stop()))
      await outgoing.close()
      await test.stop()
    },
  }
}

/** Resource pools that change as `SubscriptionWorld.change` says. */
export function createPools(store: Store): Pick<SubscriptionWorld, 'change' | 'numbersOf'> {
  const pools = store.collection<JsonObject>('pool')
  const counts = new Map<string, number>()
  return {
    async change(pool) {
      const count = (counts.get(pool) ?? 0) + 1
      counts.set(pool, count)
      const change = poolChange(pool, count)
      await pools.create(`${pool}-${count}`, { pool, count }, { changes: [{ kind: INVENTORY_CHANGE, data: change }] })
    },
    async numbersOf(pool) {
      const { items } = await pools.list({ limit: 100 })
      return items.flatMap(({ value }) => (value.pool === pool ? Number(value.count) : []))
    },
  }
}

function poolChange(pool: string, count: number): JsonObject {
  const state = (description: string) => ({
    resourcePoolId: pool,
    oCloudId: 'cloud',
    globalLocationId: 'here',
    name: pool,
    oCloudSiteId: 'site',
    description,
  })
  return {
    objectType: 'ResourcePool',
    notificationEventType: MODIFY,
    objectRef: `/O2ims_infrastructureInventory/v2/resourcePools/${pool}`,
    priorObjectState: state(String(count - 1)),
    postObjectState: state(String(count)),
  }
}

/** Without what came again: a machine that is busy answers late, and is asked again. */
export function firstsOf({ requests }: Pick<HttpPeer, 'requests'>): HttpPeer['requests'] {
  const firsts = new Map<unknown, HttpPeer['requests'][number]>()
  for (const request of requests) {
    const id = request.headers['idempotency-key']
    if (!firsts.has(id)) firsts.set(id, request)
  }
  return [...firsts.values()]
}

/** What a subscriber was told, repetitions left out: for each pool the numbers in the order in which they came first. */
export function toldOf(peer: Pick<HttpPeer, 'requests'>): Record<string, number[]> {
  const told: Record<string, number[]> = {}
  for (const { body } of firstsOf(peer)) {
    const { postObjectState } = JSON.parse(body)
    told[postObjectState.resourcePoolId] ??= []
    told[postObjectState.resourcePoolId]?.push(Number(postObjectState.description))
  }
  return told
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)
