import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import type { Collection } from '../store/store.ts'
import { withMore, withoutUntil } from './dead-letter-range.ts'
import { attachmentsOf, type DeadLetter, deadLetterAt } from './dead-letters.ts'
import type { DeadLetterRange, Delivery, SubscriptionRecord } from './record.ts'
import { afterFailure, afterSuccess, type Failed, type RetrySettings, withoutPause } from './retry-rules.ts'

/** A success that follows a success may be unknown to the store for so long: it is for people to read. */
const SAVE_MS = 5_000

/** What the store knows of a lane, written by the one process that delivers: every write rejects with Fenced once another one does. What others ask for (`replayTo`, no pause, fewer dead letters) is kept at each write. */
export interface LaneRecord {
  readonly delivery: Delivery
  readonly deadLetters: DeadLetterRange
  readonly replayTo: number | undefined
  succeeded(): Promise<void>
  failed(failure: Failed): Promise<void>
  /** The pause after a failure does not count any more. */
  hurry(): void
  giveUp(letters: readonly DeadLetter[], lost?: number): Promise<void>
  deadLetter(index: number): Promise<DeadLetter | undefined>
  /** That dead letter was delivered, or there was nothing to deliver. */
  forget(index: number): Promise<void>
  endReplay(): Promise<void>
  /** Others have written: what they ask for counts from now on. */
  reread(): Promise<void>
  /** Writes what is not written yet, if it can. */
  close(): Promise<void>
}

export interface LaneRecordParts {
  subscriptions: Collection<SubscriptionRecord>
  /** Of the outbox, as it was taken for this process. */
  epoch: number
  settings: RetrySettings
  log: Logger
}

export function createLaneRecord(
  first: SubscriptionRecord,
  { subscriptions, epoch, settings, log }: LaneRecordParts,
): LaneRecord {
  const { subscriptionId } = first
  let { delivery } = first
  let record = first
  let later: NodeJS.Timeout | undefined

  /** Somebody has, since it was read or written here. */
  const hasEndedPause = (stored: SubscriptionRecord) =>
    record.delivery.nextAttemptAt !== undefined && stored.delivery.nextAttemptAt === undefined

  async function save(
    change: (stored: SubscriptionRecord) => SubscriptionRecord = (stored) => stored,
    letters: readonly DeadLetter[] = [],
  ): Promise<void> {
    clearTimeout(later)
    later = undefined
    const stored = await subscriptions.update(subscriptionId, ({ value }) => {
      if (hasEndedPause(value)) delivery = withoutPause(delivery)
      const attachments = attachmentsOf(letters, value.deadLetters.next)
      return { value: { ...change(value), delivery }, alongside: { outboxEpoch: epoch, attachments } }
    })
    // One that is gone ends when its lane is told.
    if (stored) record = stored.value
  }

  const saveIfPossible = () =>
    save().catch((error: unknown) => {
      log.warn({ subscriptionId, reason: messageOf(error) }, 'the health of a subscription cannot be written')
    })

  return {
    get delivery() {
      return delivery
    },
    get deadLetters() {
      return record.deadLetters
    },
    get replayTo() {
      return record.replayTo
    },
    async succeeded() {
      const wasFailing = delivery.consecutiveFailures > 0
      delivery = afterSuccess(delivery, new Date())
      if (!wasFailing) later ??= setTimeout(saveIfPossible, SAVE_MS)
      else {
        log.info({ subscriptionId }, 'a subscriber takes notifications again')
        await save()
      }
    },
    async failed(failure) {
      delivery = afterFailure(delivery, failure, new Date(), settings, Math.random())
      const { reason } = failure
      if (delivery.consecutiveFailures === 1) log.warn({ subscriptionId, reason }, 'a subscriber cannot be notified')
      await save()
    },
    hurry() {
      delivery = withoutPause(delivery)
    },
    async giveUp(letters, lost) {
      await save((stored) => ({ ...stored, deadLetters: withMore(stored.deadLetters, letters.length, lost) }), letters)
      log.warn({ subscriptionId, letters: letters.length, lost }, 'notifications were given up')
    },
    deadLetter: (index) => deadLetterAt(subscriptions, subscriptionId, index),
    forget: (index) => save((stored) => ({ ...stored, deadLetters: withoutUntil(stored.deadLetters, index + 1) })),
    endReplay: () => save(({ replayTo: _, ...stored }) => stored),
    async reread() {
      const stored = await subscriptions.get(subscriptionId)
      if (!stored) return
      record = stored.value
      if (record.delivery.nextAttemptAt === undefined) delivery = withoutPause(delivery)
    },
    async close() {
      if (later !== undefined) await saveIfPossible()
    },
  }
}
