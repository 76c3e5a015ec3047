import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { ServiceError } from '../../errors.ts'
import { Fenced, VersionConflict } from '../../store/store.ts'
import { changesOfRemoval } from '../changes.ts'
import type { Transition } from '../lifecycle.ts'
import type { ProvisioningRecord } from '../record.ts'
import { alongside, type Requests, recordOf } from '../requests.ts'
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
  /** Rejects with Interruption 'superseded', 'fenced', 'store-away', or 'lost' when the store lost writes of this run. Waits through an outage of the store. */
  write(change: (record: ProvisioningRecord) => Transition, options?: { wish?: boolean }): Promise<ProvisioningRecord>
  /** Reads the record again; rejects as `write` does. Cancel is told by the result. */
  refresh(): Promise<ProvisioningRecord>
  /** Takes the record away for good, with its last events. */
  remove(events: Transition['events']): Promise<void>
}

export function createRunRecord(
  requests: Requests,
  claimedRecord: ProvisioningRecord,
  signal: AbortSignal,
  log: Logger,
  outageMs = STORE_OUTAGE_MS,
): RunRecord {
  let current = claimedRecord
  let queue: Promise<unknown> = Promise.resolve()
  const { provisioningRequestId: id, epoch, generation } = claimedRecord

  function inOrder<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work)
    queue = result.catch(() => undefined)
    return result
  }

  const patiently = <T>(call: () => Promise<T>) => throughOutages(call, { signal, log, outageMs })

  async function reread(): Promise<void> {
    const stored = await requests.collection.get(id)
    if (!stored) throw new Interruption('superseded', 'the request is gone')
    const fresh = recordOf(stored)
    if (fresh.epoch !== epoch) throw new Interruption('fenced', 'another worker has taken over')
    if (fresh.generation !== generation)
      throw new Interruption('superseded', `generation ${fresh.generation} takes over`)
    // A failover of Redis: it stands at an earlier write, and so must whoever goes on.
    if (fresh.n < current.n) throw new Interruption('lost', 'the store lost what this run had written')
    current = fresh
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

  async function attempt(
    change: (record: ProvisioningRecord) => Transition,
    options: { wish?: boolean },
  ): Promise<void> {
    const transition = change(current)
    const stored = await requests.collection.replace(id, current.n, transition.record, {
      ...alongside(current, transition),
      ...options,
    })
    if (!stored) throw new Interruption('superseded', 'the request is gone')
    current = recordOf(stored)
  }

  return {
    get current() {
      return current
    },
    write: (change, options = {}) =>
      inOrder(async () => {
        await patiently(() => withFreshRecord(() => attempt(change, options)))
        return current
      }),
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
            await requests.collection.remove(id, current.n, {
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
