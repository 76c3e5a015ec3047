import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import type { Outcome, Outgoing } from '../outgoing/outgoing.ts'
import { Fenced } from '../store/store.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { annotate, inSpan } from '../telemetry/spans.ts'
import type { DeadLetter } from './dead-letters.ts'
import { EVENT_TYPES } from './event-kinds.ts'
import type { EventKind, WrittenChange } from './events.ts'
import { readFilter, selects } from './filter.ts'
import { createLaneRecord, type LaneRecordParts } from './lane-record.ts'
import { notificationOf } from './notification.ts'
import { createNudge } from './nudge.ts'
import type { Positions } from './positions.ts'
import type { RecentChanges } from './recent-changes.ts'
import type { SubscriptionRecord } from './record.ts'
import { isExpired, isRefusal, pauseLeft } from './retry-rules.ts'
import type { Turn } from './turns.ts'

const AGAIN_MS = 1000

export interface LaneParts extends LaneRecordParts {
  changes: RecentChanges
  positions: Positions
  /** Another process delivers: this one has to stop. */
  onFenced: () => void
  post: Outgoing['post']
  metrics?: Pick<Metrics, 'notificationTried' | 'notificationsGivenUp'> | undefined
  /** What the subscription is told about. */
  kind: EventKind
  /** Shared by all lanes. */
  inTurn: Turn
  log: Logger
}

/** A notification; of a replay it is not known when the change was. */
interface Sent extends Partial<Pick<WrittenChange, 'at' | 'traceparent'>> {
  notificationId: string
  body: object
}

/** The way of notifications to one subscriber. */
export interface Lane {
  /** There may be something new. */
  nudge(): void
  /** Somebody asks for something: the record says what. */
  reread(): void
  /** Delivers one notification at a time, in the order of the changes, until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>
}

/** @param position of the last change that the lane has taken */
export function createLane(subscription: SubscriptionRecord, position: number, parts: LaneParts): Lane {
  const { changes: recent, positions, onFenced, post, metrics, kind, inTurn, settings, log } = parts
  const { subscriptionId, api, callback } = subscription
  const { nudge, wait } = createNudge()
  const own = createLaneRecord(subscription, parts)
  const wanted = wantedOf(subscription, kind)
  let taken = position
  let asked = false
  /** The subscriber is away: what has waited long enough goes without being tried. */
  let expiring = false

  function pass(to: number, sent: boolean): void {
    taken = to
    positions.passed(subscriptionId, to, sent)
  }

  /** In the trace of the change. */
  async function send(sent: Sent, signal: AbortSignal): Promise<Outcome> {
    await inTurn()
    const { notificationId, body, at, traceparent = '' } = sent
    const attributes = { 'o2ims.subscription_id': subscriptionId, 'o2ims.notification_id': notificationId }
    return inSpan('notify', { kind: 'client', parent: traceparent, attributes }, async () => {
      const headers = { 'Idempotency-Key': `"${notificationId}"` }
      const outcome = await post(callback, JSON.stringify(body), { headers, signal })
      annotate({
        'http.response.status_code': outcome.status,
        ...(!outcome.accepted && { 'error.type': outcome.kind }),
      })
      const result = outcome.accepted ? 'accepted' : isRefusal(outcome) ? 'refused' : 'failed'
      metrics?.notificationTried({ api, result }, at && Math.max(0, Date.now() - at) / 1000)
      return outcome
    })
  }

  async function giveUp(given: readonly WrittenChange[], to: number): Promise<void> {
    const givenUpAt = new Date().toISOString()
    const reason = own.delivery.lastFailure?.reason ?? 'never tried'
    const letters = given.map((change): DeadLetter => {
      const { notificationId, body: notification } = notificationOf(kind, change, subscription)
      return { notificationId, at: new Date(change.at).toISOString(), givenUpAt, reason, notification }
    })
    if (letters.length > 0) await own.giveUp(letters)
    metrics?.notificationsGivenUp(api, letters.length)
    pass(to, true)
    await positions.flush()
  }

  async function expire(changes: readonly WrittenChange[]): Promise<void> {
    const now = new Date()
    const alive = changes.findIndex((change) => wanted(change) && !isExpired(change.at, own.delivery, now, settings))
    expiring = alive < 0
    const gone = expiring ? changes : changes.slice(0, alive)
    const last = gone.at(-1)
    if (last) await giveUp(gone.filter(wanted), last.position)
  }

  async function deliver(changes: readonly WrittenChange[], signal: AbortSignal): Promise<void> {
    for (const change of changes) {
      if (signal.aborted || asked) return
      if (!wanted(change)) {
        pass(change.position, false)
        continue
      }
      const { notificationId, body } = notificationOf(kind, change, subscription)
      const outcome = await send({ ...change, notificationId, body }, signal)
      if (outcome.accepted) {
        pass(change.position, true)
        await own.succeeded()
        continue
      }
      await own.failed(outcome)
      if (!isExpired(change.at, own.delivery, new Date(), settings)) return
      expiring = !isRefusal(outcome)
      if (expiring) return
      await giveUp([change], change.position)
      own.hurry()
    }
  }

  /** The dead letters that are asked for, oldest first, before anything newer. The first failure ends it. */
  async function replay(to: number, signal: AbortSignal): Promise<void> {
    for (let index = own.deadLetters.first; index < to; index = Math.max(index + 1, own.deadLetters.first)) {
      if (signal.aborted) return
      const { notificationId, notification } = (await own.deadLetter(index)) ?? {}
      if (notificationId !== undefined && notification !== undefined) {
        const outcome = await send({ notificationId, body: notification }, signal)
        if (outcome.accepted) await own.succeeded()
        else {
          await own.failed(outcome)
          break
        }
      }
      await own.forget(index)
    }
    await own.endReplay()
  }

  /** What fell off the outbox while the lane was behind. */
  async function noteGap(lost: number): Promise<void> {
    const givenUpAt = new Date().toISOString()
    const reason = `${lost} changes after position ${taken} are kept no more: the subscriber was too far behind`
    await own.giveUp([{ givenUpAt, reason, lost }], lost)
    metrics?.notificationsGivenUp(api, lost)
    pass(taken + lost, true)
  }

  async function step(signal: AbortSignal): Promise<void> {
    if (asked) {
      asked = false
      await own.reread()
    }
    const pause = expiring ? 0 : pauseLeft(own.delivery, new Date())
    if (pause > 0) return wait(pause)
    if (own.replayTo !== undefined) return replay(own.replayTo, signal)
    const { changes, gap } = await recent.after(taken)
    const [oldest] = changes
    if (oldest === undefined) {
      expiring = false
      return wait()
    }
    if (gap) await noteGap(oldest.position - taken - 1)
    await inTurn()
    await (expiring ? expire(changes) : deliver(changes, signal))
  }

  return {
    nudge,
    reread() {
      asked = true
      nudge()
    },
    async run(signal) {
      signal.addEventListener('abort', nudge, { once: true })
      while (!signal.aborted) {
        try {
          await step(signal)
        } catch (error) {
          if (error instanceof Fenced) onFenced()
          if (signal.aborted) break
          log.warn({ subscriptionId, reason: messageOf(error) }, 'notifications cannot go on at this moment')
          await wait(AGAIN_MS)
        }
      }
      await own.close()
    },
  }
}

function wantedOf({ api, filter }: SubscriptionRecord, kind: EventKind): (change: WrittenChange) => boolean {
  if (filter === undefined) return (change) => change.kind === api
  const filters = readFilter(filter, EVENT_TYPES[api])
  return (change) => change.kind === api && selects(filters, kind, change)
}
