import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { ServiceError } from '../../errors.ts'
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
 * The record of a running request: the worker's view, written one after the other. Every write is fenced by the epoch; a write
 * that meets a newer generation or an epoch that is not ours rejects with an Interruption, and nothing is written.
 */
export interface RunRecord {
  readonly current: ProvisioningRecord
  /** Rejects with Interruption 'superseded', 'fenced' or 'store-away'. Waits through an outage of the store. */
  write(change: RecordChange, options?: { wish?: boolean }): Promise<ProvisioningRecord>
  /** Changes `current` now, and what is stored with the next write: for what is followed by one at once, or by `settle`. */
  carry(change: RecordChange): void
  /** Writes what is carried, if anything is. */
  settle(): Promise<void>
  /** Reads the record again; rejects as `write` does. Cancel is told by the result. */
  refresh(): Promise<ProvisioningRecord>
  /** Takes the record away for good, with its last events. */
  remove(events: Transition['events']): Promise<void>
}

export type RecordChange = (record: ProvisioningRecord) => Transition

/** A write that waits for its turn. */
interface Waiting {
  change: RecordChange
  wish?: boolean
  written: PromiseWithResolvers<ProvisioningRecord>
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
  let carried: RecordChange[] = []
  let waiting: Waiting[] = []
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
    current = carried.reduce((known, change) => change(known).record, record)
  }

  async function reread(): Promise<void> {
    const found = await requests.collection.get(id)
    if (!found) throw new Interruption('superseded', 'the request is gone')
    const fresh = recordOf(found)
    if (fresh.epoch !== epoch) throw new Interruption('fenced', 'another worker has taken over')
    if (fresh.generation !== generation)
      throw new Interruption('superseded', `generation ${fresh.generation} takes over`)
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

  /** One write for all that wait, and for what is carried. A change that throws has no part in it. */
  async function attempt(writes: Set<Waiting>): Promise<void> {
    const before = carried
    const steps: Written[] = []
    let next = stored
    const apply = (change: RecordChange) => {
      const transition = change(next)
      steps.push({ before: next, transition })
      next = transition.record
    }
    before.forEach(apply)
    for (const write of writes) {
      try {
        apply(write.change)
      } catch (error) {
        writes.delete(write)
        write.written.reject(error)
      }
    }
    if (writes.size === 0) return
    const wish = [...writes].findLast((write) => write.wish !== undefined)?.wish
    const together = { ...alongsideAll(steps), ...(wish !== undefined && { wish }) }
    const written = await requests.collection.replace(id, stored.n, next, together)
    if (!written) throw new Interruption('superseded', 'the request is gone')
    carried = carried.slice(before.length)
    know(recordOf(written))
  }

  async function writeAll(): Promise<void> {
    const writes = new Set(waiting)
    waiting = []
    if (writes.size === 0) return
    try {
      await patiently(() => withFreshRecord(() => attempt(writes)))
      for (const { written } of writes) written.resolve(current)
    } catch (error) {
      for (const { written } of writes) written.reject(error)
    }
  }

  function write(change: RecordChange, { wish }: { wish?: boolean } = {}): Promise<ProvisioningRecord> {
    const written = Promise.withResolvers<ProvisioningRecord>()
    waiting.push({ change, wish, written })
    void inOrder(writeAll)
    return written.promise
  }

  return {
    get current() {
      return current
    },
    write,
    carry(change) {
      current = change(current).record
      carried = [...carried, change]
    },
    async settle() {
      if (carried.length > 0) await write((record) => ({ record, events: [] }))
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
