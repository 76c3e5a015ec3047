import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { messageOf, ServiceError } from '../../errors.ts'
import { Fenced, VersionConflict } from '../../store/store.ts'
import { changesOfRemoval } from '../changes.ts'
import type { Transition } from '../lifecycle.ts'
import type { ProvisioningRecord } from '../record.ts'
import { alongsideAll, type Requests, recordOf, type Written } from '../requests.ts'
import { Interruption } from './interruption.ts'

/** How long a run waits for a store that is away before it lets go of the request, which is then tried again. */
export const STORE_OUTAGE_MS = 60_000

/** How often others may write between our look and our write before it counts as an outage. */
const MOST_CONFLICTS = 100

/**
 * The record of a running request: the worker's view, written one after the other, in the order of the calls. Every write is fenced by the epoch; a write
 * that meets a newer generation or an epoch that is not ours rejects with an Interruption, and nothing is written.
 */
export interface RunRecord {
  readonly current: ProvisioningRecord
  /**
   * Rejects with Interruption 'superseded', 'fenced', 'store-away', or 'lost' when the store lost writes of this run, and with the error of what was carried before it and could not
   * be made, which is given up. Waits through an outage of the store.
   */
  write(change: RecordChange, options?: { wish?: boolean }): Promise<ProvisioningRecord>
  /** Changes `current` now, and what is stored with the next write that is called: for what is followed by one at once, or by `settle`. */
  carry(change: RecordChange): void
  /** Writes what is carried, if anything is. */
  settle(): Promise<void>
  /** Reads the record again; rejects as `write` does. Cancel is told by the result. */
  refresh(): Promise<ProvisioningRecord>
  /** Takes the record away for good, with its last events. */
  remove(events: Transition['events']): Promise<void>
}

/** Undefined leaves the record alone. */
export type RecordChange = (record: ProvisioningRecord) => Transition | undefined

/** A change that is not stored yet. */
interface Pending {
  change: RecordChange
  wish?: boolean
  /** Who waits for the write. Absent: it is carried. */
  written?: PromiseWithResolvers<ProvisioningRecord>
}

const isCarried = ({ written }: Pending): boolean => written === undefined

/** With a change that is carried. Of one that cannot be made any more, the write that it goes with will tell. */
function shown(record: ProvisioningRecord, { change }: Pending): ProvisioningRecord {
  try {
    return change(record)?.record ?? record
  } catch {
    return record
  }
}

export function createRunRecord(
  requests: Requests,
  claimedRecord: ProvisioningRecord,
  signal: AbortSignal,
  log: Logger,
  outageMs = STORE_OUTAGE_MS,
): RunRecord {
  /** As it is stored, as far as we know. */
  let stored = claimedRecord
  /** With what is carried. */
  let current = claimedRecord
  /** In the order of the calls. */
  let pending: readonly Pending[] = []
  let queue: Promise<unknown> = Promise.resolve()
  const { provisioningRequestId: id, epoch, generation } = claimedRecord

  function inOrder<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work)
    queue = result.catch(() => undefined)
    return result
  }

  const patiently = <T>(call: () => Promise<T>) => throughOutages(call, { signal, log, outageMs })

  function know(record: ProvisioningRecord): void {
    stored = record
    current = pending.filter(isCarried).reduce(shown, record)
  }

  function drop(done: ReadonlySet<Pending>): void {
    pending = pending.filter((entry) => !done.has(entry))
    know(stored)
  }

  async function reread(): Promise<void> {
    const found = await requests.collection.get(id)
    if (!found) throw new Interruption('superseded', 'the request is gone')
    const fresh = recordOf(found)
    if (fresh.epoch !== epoch) throw new Interruption('fenced', 'another worker has taken over')
    if (fresh.generation !== generation)
      throw new Interruption('superseded', `generation ${fresh.generation} takes over`)
    // A failover of Redis: it stands at an earlier write, and so must whoever goes on.
    if (fresh.n < stored.n) throw new Interruption('lost', 'the store lost what this run had written')
    know(fresh)
  }

  /** Does what it says, with the record read anew whenever somebody else has written in between. */
  async function withFreshRecord(work: () => Promise<void>): Promise<void> {
    for (let tries = 0; tries < MOST_CONFLICTS; tries++) {
      try {
        return await work()
      } catch (error) {
        if (error instanceof Fenced) throw new Interruption('fenced', 'another worker has taken over')
        if (!(error instanceof VersionConflict)) throw error
        await reread()
      }
    }
    throw new ServiceError('UNAVAILABLE', 'the record is written to by others all the time', { retryable: true })
  }

  /** One write for all of the batch that can be made: not for a change that throws, nor for a write that was called after a carried one that throws. */
  async function attempt(batch: Set<Pending>): Promise<void> {
    const steps: Written[] = []
    let next = stored
    let wish: boolean | undefined
    let givenUp: { cause: unknown } | undefined
    for (const entry of [...batch]) {
      try {
        if (givenUp && !isCarried(entry)) throw givenUp.cause
        const transition = entry.change(next)
        if (!transition) continue
        steps.push({ before: next, transition })
        next = transition.record
        wish = entry.wish ?? wish
      } catch (cause) {
        batch.delete(entry)
        drop(new Set([entry]))
        entry.written?.reject(cause)
        if (!isCarried(entry)) continue
        givenUp = { cause }
        log.error({ cause: messageOf(cause) }, 'what was to go with the next write cannot be made, and is given up')
      }
    }
    if ([...batch].every(isCarried)) return
    if (steps.length > 0) {
      const together = { ...alongsideAll(steps), ...(wish !== undefined && { wish }) }
      const written = await requests.collection.replace(id, stored.n, next, together)
      if (!written) throw new Interruption('superseded', 'the request is gone')
      stored = recordOf(written)
    }
    drop(batch)
  }

  /** What was carried after the last write waits for the next one. */
  async function writeAll(): Promise<void> {
    const last = pending.findLastIndex((entry) => !isCarried(entry))
    const batch = new Set(pending.slice(0, last + 1))
    if (batch.size === 0) return
    try {
      await patiently(() => withFreshRecord(() => attempt(batch)))
      for (const { written } of batch) written?.resolve(current)
    } catch (error) {
      for (const { written } of batch) written?.reject(error)
      drop(new Set([...batch].filter((entry) => !isCarried(entry))))
    }
  }

  function write(change: RecordChange, { wish }: { wish?: boolean } = {}): Promise<ProvisioningRecord> {
    const written = Promise.withResolvers<ProvisioningRecord>()
    pending = [...pending, { change, wish, written }]
    void inOrder(writeAll)
    return written.promise
  }

  return {
    get current() {
      return current
    },
    write,
    carry(change) {
      current = change(current)?.record ?? current
      pending = [...pending, { change }]
    },
    async settle() {
      if (pending.some(isCarried)) await write(() => undefined)
    },
    refresh: () =>
      inOrder(async () => {
        await patiently(reread)
        return current
      }),
    remove: (events) =>
      inOrder(() =>
        patiently(async () => {
          await reread()
          await withFreshRecord(async () => {
            await requests.collection.remove(id, stored.n, {
              epoch,
              events: events.map(({ event, data }) => ({ event, data: { ...data } })),
              changes: changesOfRemoval(current, events),
            })
          })
        }),
      ),
  }
}

/** What a step calls just before a write to a cluster: rejects when the run has ended or another worker has taken over. */
export function fenceOf(run: RunRecord, signal: AbortSignal): () => Promise<void> {
  return async () => {
    signal.throwIfAborted()
    await run.refresh()
  }
}

/** Repeats a call of the store that failed because it is away, with growing pauses, until it answers, the run ends, or the outage is too long (Interruption 'store-away': no failure of the request). */
async function throughOutages<T>(
  call: () => Promise<T>,
  { signal, log, outageMs }: { signal: AbortSignal; log: Logger; outageMs: number },
): Promise<T> {
  const giveUp = Date.now() + outageMs
  for (let pause = 100; ; pause = Math.min(pause * 2, 5_000)) {
    try {
      return await call()
    } catch (error) {
      const away = error instanceof ServiceError && error.retryable
      if (!away || signal.aborted) throw error
      if (Date.now() > giveUp) throw new Interruption('store-away', `the store is away: ${error.message}`)
      log.warn({ cause: error.message }, 'the store is away; trying again')
      await sleep(pause, undefined, { signal }).catch((aborted) => {
        throw signal.reason ?? aborted
      })
    }
  }
}
