import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import type { Outgoing } from '../outgoing/outgoing.ts'
import type { Collection, Store } from '../store/store.ts'
import { whileLeased } from '../store/while-leased.ts'
import type { EventKind } from './events.ts'
import { createLane, type Lane, type LaneParts } from './lane.ts'
import { createNudge } from './nudge.ts'
import { createPositions } from './positions.ts'
import { createRecentChanges } from './recent-changes.ts'
import {
  CREATED,
  REMOVED,
  SUBSCRIPTION_APIS,
  SUBSCRIPTIONS,
  type SubscriptionApi,
  type SubscriptionRecord,
} from './record.ts'
import type { RetrySettings } from './retry-rules.ts'
import { createTurns } from './turns.ts'

/** What one process does for all. */
const LEASE = 'notifications'
const PAGE = 1000

export interface DelivererParts {
  store: Pick<Store, 'collection' | 'outbox' | 'feed' | 'leases'>
  post: Outgoing['post']
  /** Nothing is counted when absent. */
  metrics?: LaneParts['metrics']
  kinds: Readonly<Record<SubscriptionApi, EventKind>>
  settings: RetrySettings
  log: Logger
}

/** Lets this process deliver all notifications, unless another one does. `stop` breaks off what is under way: it is sent again. */
export function startDeliverer(parts: DelivererParts): { stop(): Promise<void> } {
  const { store, log } = parts
  const stop = new AbortController()
  // From nothing to one is no increase to Prometheus, from zero it is.
  for (const api of SUBSCRIPTION_APIS) parts.metrics?.notificationsGivenUp(api, 0)
  const ended = whileLeased({
    leases: store.leases,
    name: LEASE,
    signal: stop.signal,
    log,
    work: (signal) => deliverAll(signal, parts),
  })
  return {
    async stop() {
      stop.abort()
      await ended
    },
  }
}

interface Running {
  lane: Lane
  end(): Promise<void>
}

/** One turn: from where the store says that the lanes are, until it is told to stop or another process has taken over. */
async function deliverAll(leased: AbortSignal, parts: DelivererParts): Promise<void> {
  const { store, log } = parts
  const { outbox, feed } = store
  const turn = new AbortController()
  const signal = AbortSignal.any([leased, turn.signal])
  const subscriptions = store.collection<SubscriptionRecord>(SUBSCRIPTIONS)
  const running = new Map<string, Running>()
  const { nudge, wait } = createNudge()
  const inTurn = createTurns()
  signal.addEventListener('abort', nudge, { once: true })
  let outdated = false
  /** What this turn takes for written may not be: the next one begins with what the store says. */
  const giveWay = () => {
    outdated = true
    turn.abort()
  }

  const epoch = await outbox.takeEpoch()
  const positions = createPositions({ outbox, epoch, onFenced: giveWay, log })
  const changes = createRecentChanges({
    outbox,
    start: await outbox.newest(),
    onNews() {
      for (const { lane } of running.values()) lane.nudge()
    },
    onForgotten: giveWay,
    log,
  })

  function start(subscription: SubscriptionRecord, position: number): void {
    const { subscriptionId, api } = subscription
    const one = new AbortController()
    const lane = createLane(subscription, position, {
      ...parts,
      subscriptions,
      changes,
      positions,
      epoch,
      onFenced: giveWay,
      kind: parts.kinds[api],
      inTurn,
    })
    // Somebody may have asked for something since it was read.
    lane.reread()
    const ended = lane.run(AbortSignal.any([signal, one.signal]))
    running.set(subscriptionId, {
      lane,
      async end() {
        one.abort()
        await ended
      },
    })
  }

  /** As many lanes as are open, each from where it is. */
  async function follow(): Promise<void> {
    const open = await outbox.lanes()
    for (const [id, { end }] of running) {
      if (open.has(id)) continue
      running.delete(id)
      await end()
    }
    const missing = [...open].filter(([id]) => !running.has(id))
    const records = missing.length > PAGE / 10 ? await all(subscriptions) : await some(subscriptions, missing)
    for (const [id, position] of missing) {
      // A thousand filters take seconds to read.
      await inTurn()
      if (signal.aborted) return
      const record = records.get(id)
      try {
        if (record) start(record, position)
      } catch (error) {
        // Its filter was accepted by another version of this service. Nobody else waits for it.
        log.error({ subscriptionId: id, reason: messageOf(error) }, 'a subscription cannot be served')
      }
    }
  }

  const stopListening = [
    feed.subscribe('outbox', changes.nudge, giveWay),
    feed.subscribe(
      SUBSCRIPTIONS,
      ({ topic, event }) => {
        if (event === CREATED || event === REMOVED) nudge()
        else running.get(topic.slice(SUBSCRIPTIONS.length + 1))?.lane.reread()
      },
      giveWay,
    ),
  ]
  const reading = changes.follow(signal)
  try {
    while (!signal.aborted) {
      await follow()
      await wait()
    }
  } finally {
    turn.abort()
    for (const stop of stopListening) stop()
    await Promise.all([reading, ...[...running.values()].map(({ end }) => end())])
    await positions.stop({ write: !outdated })
  }
}

type Records = Map<string, SubscriptionRecord>

async function all(subscriptions: Collection<SubscriptionRecord>): Promise<Records> {
  const records: Records = new Map()
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page = await subscriptions.list({ after, limit: PAGE })
    for (const { value } of page.items) records.set(value.subscriptionId, value)
    after = page.next
  }
  return records
}

async function some(subscriptions: Collection<SubscriptionRecord>, lanes: [string, number][]): Promise<Records> {
  const found = await Promise.all(lanes.map(([id]) => subscriptions.get(id)))
  return new Map(found.flatMap((stored) => (stored ? [[stored.value.subscriptionId, stored.value]] : [])))
}
