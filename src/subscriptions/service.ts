import { createHash, randomUUID } from 'node:crypto'
import { ServiceError } from '../errors.ts'
import type { Outgoing } from '../outgoing/outgoing.ts'
import { QueryError } from '../query/query-error.ts'
import { AlreadyExists, type Page, type Store } from '../store/store.ts'
import { kept, NO_DEAD_LETTERS, withoutUntil } from './dead-letter-range.ts'
import { type DeadLetter, deadLetterAt } from './dead-letters.ts'
import { EVENT_TYPES } from './event-kinds.ts'
import type { EventTypes } from './events.ts'
import { readFilter } from './filter.ts'
import { type Health, healthOf, lagsOf } from './health.ts'
import {
  CREATED,
  REMOVED,
  SUBSCRIPTIONS,
  type Subscription,
  type SubscriptionApi,
  type SubscriptionRecord,
} from './record.ts'
import { NEW_DELIVERY, withoutPause } from './retry-rules.ts'

/** How long a subscription waits for others that are made at the same time. */
const TURN_MS = 10_000

export type NewSubscription = Omit<Subscription, 'subscriptionId'>

export interface SubscriptionWithHealth {
  subscription: SubscriptionRecord
  health: Health
}

/** Subscriptions of both APIs. With an `api`, those of the other one are not there (NOT_FOUND). */
export interface Subscriptions {
  /**
   * Rejects with INVALID_ARGS (callback, filter, the same again), CALLBACK_FAILED when the callback does not pass its test, FORBIDDEN when there are as many as
   * may be.
   */
  create(api: SubscriptionApi, given: NewSubscription): Promise<SubscriptionRecord>
  get(id: string, api?: SubscriptionApi): Promise<SubscriptionRecord>
  list(options: { after?: number; limit: number }, api?: SubscriptionApi): Promise<Page<SubscriptionRecord>>
  remove(id: string, api?: SubscriptionApi): Promise<void>
  withHealth(subscriptions: readonly SubscriptionRecord[]): Promise<SubscriptionWithHealth[]>
  /** Ends the pause after a failure. */
  retry(id: string): Promise<SubscriptionRecord>
  deadLetters(id: string, options: { after?: number; limit: number }): Promise<Page<DeadLetter>>
  /** The dead letters of this moment are delivered again, before anything newer. */
  replay(id: string): Promise<SubscriptionRecord>
  forgetDeadLetters(id: string): Promise<void>
}

export interface SubscriptionsParts {
  store: Pick<Store, 'collection' | 'outbox' | 'locks'>
  acceptCallback: Outgoing['acceptCallback']
  /** Subscriptions that there may be. */
  most: number
}

export function createSubscriptions({ store, acceptCallback, most }: SubscriptionsParts): Subscriptions {
  const collection = store.collection<SubscriptionRecord>(SUBSCRIPTIONS)
  const missing = (id: string) => new ServiceError('NOT_FOUND', `there is no subscription ${id}`)

  async function checkCount(): Promise<void> {
    if ((await collection.count()) < most) return
    throw new ServiceError(
      'FORBIDDEN',
      `there are ${most} subscriptions, as many as MAX_SUBSCRIPTIONS allows: delete some, or let it be raised`,
    )
  }

  async function inTurn(work: () => Promise<void>): Promise<void> {
    const limit = AbortSignal.timeout(TURN_MS)
    try {
      await store.locks.withLock('subscriptions', limit, work)
    } catch (error) {
      if (error !== limit.reason) throw error
      throw new ServiceError('UNAVAILABLE', 'too many subscriptions are made at this moment; try again', {
        retryAfter: 5,
      })
    }
  }

  async function insert(record: SubscriptionRecord): Promise<void> {
    const { subscriptionId } = record
    const unique = uniqueKey(record)
    try {
      await collection.create(subscriptionId, record, {
        unique,
        openLane: subscriptionId,
        events: [{ event: CREATED, data: null }],
      })
    } catch (error) {
      if (!(error instanceof AlreadyExists)) throw error
      const known = await collection.findUnique(unique)
      throw new ServiceError(
        'INVALID_ARGS',
        `subscription ${known} has the same callback, filter and consumerSubscriptionId: delete it first, or let one of the three differ`,
      )
    }
  }

  async function change(
    id: string,
    event: string,
    to: (record: SubscriptionRecord) => SubscriptionRecord | undefined,
  ): Promise<SubscriptionRecord> {
    const stored = await collection.update(id, ({ value }) => {
      const changed = to(value)
      return changed && { value: changed, alongside: { events: [{ event, data: null }] } }
    })
    if (!stored) throw missing(id)
    return stored.value
  }

  async function get(id: string, api?: SubscriptionApi): Promise<SubscriptionRecord> {
    const stored = await collection.get(id)
    if (!stored || (api !== undefined && stored.value.api !== api)) throw missing(id)
    return stored.value
  }

  return {
    async create(api, given) {
      checkFilter(given.filter, EVENT_TYPES[api])
      await checkCount()
      await acceptCallback(given.callback)
      const record: SubscriptionRecord = {
        subscriptionId: randomUUID(),
        ...given,
        api,
        createdAt: new Date().toISOString(),
        delivery: NEW_DELIVERY,
        deadLetters: NO_DEAD_LETTERS,
      }
      // Counted once more, one at a time: ten thousand that come at once do not all find room.
      await inTurn(async () => {
        await checkCount()
        await insert(record)
      })
      return record
    },

    get,

    async list(options, api) {
      const page = await collection.list(options)
      return api === undefined ? page : { ...page, items: page.items.filter(({ value }) => value.api === api) }
    },

    async remove(id, api) {
      await get(id, api)
      const events = [{ event: REMOVED, data: null }]
      if (!(await collection.remove(id, undefined, { closeLane: id, events }))) throw missing(id)
    },

    async withHealth(subscriptions) {
      const ids = subscriptions.map(({ subscriptionId }) => subscriptionId)
      const lags = await lagsOf(store.outbox, ids)
      return subscriptions.map((subscription) => ({
        subscription,
        health: healthOf(subscription, lags.get(subscription.subscriptionId) ?? { changes: 0 }),
      }))
    },

    retry: (id) => change(id, 'retry', (record) => ({ ...record, delivery: withoutPause(record.delivery) })),

    async deadLetters(id, { after, limit }) {
      const { deadLetters } = await get(id)
      const from = Math.max(deadLetters.first, (after ?? -1) + 1)
      const to = Math.min(deadLetters.next, from + limit)
      const positions = Array.from({ length: Math.max(0, to - from) }, (_, offset) => from + offset)
      const letters = await Promise.all(positions.map((position) => deadLetterAt(collection, id, position)))
      const items = letters.flatMap((value, offset) => (value ? [{ value, n: 1, position: from + offset }] : []))
      return { items, ...(to < deadLetters.next && { next: to - 1 }) }
    },

    replay: (id) =>
      change(id, 'replay', (record) => {
        if (kept(record.deadLetters) === 0) return undefined
        return { ...record, delivery: withoutPause(record.delivery), replayTo: record.deadLetters.next }
      }),

    async forgetDeadLetters(id) {
      await change(id, 'forget', ({ replayTo: _, ...record }) => ({
        ...record,
        deadLetters: withoutUntil(record.deadLetters, record.deadLetters.next),
      }))
    },
  }
}

function checkFilter(filter: string | undefined, types: EventTypes): void {
  try {
    if (filter !== undefined) readFilter(filter, types)
  } catch (error) {
    if (!(error instanceof QueryError)) throw error
    throw new ServiceError('INVALID_ARGS', `the filter cannot be understood: ${error.message}`, {
      cause: error,
      fields: [{ pointer: '/filter', message: error.message }],
    })
  }
}

/** The same callback, filter and consumerSubscriptionId a second time would tell everything twice. */
function uniqueKey({ api, callback, filter = '', consumerSubscriptionId }: SubscriptionRecord): string {
  const told = [api, new URL(callback).href, filter.trim(), consumerSubscriptionId ?? null]
  return createHash('sha256').update(JSON.stringify(told)).digest('hex')
}
