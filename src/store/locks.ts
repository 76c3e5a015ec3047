import { ServiceError } from '../errors.ts'
import { orAborted } from '../or-aborted.ts'
import type { Holds } from './holds.ts'
import { KEYS } from './keys.ts'
import type { Feed, Locks } from './store.ts'

/** The feed wakes those who wait; this is how long they sleep when it does not (a holder that died writes nothing). */
const RECHECK_MS = 2000

/** Locks across processes. Within this process they are given in the order in which they were asked for. */
export function createLocks({ holds, feed }: { holds: Holds; feed: Feed }): Locks {
  const tails = new Map<string, Promise<void>>()

  /** One waiter of a process at a time contends for a lock, so that a thousand do not wake at each release. */
  async function inTurn<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = tails.get(key) ?? Promise.resolve()
    const turn = Promise.withResolvers<void>()
    const tail = before.then(() => turn.promise)
    tails.set(key, tail)
    try {
      await orAborted(before, signal)
      return await work()
    } finally {
      turn.resolve()
      if (tails.get(key) === tail) tails.delete(key)
    }
  }

  async function take(key: string, signal: AbortSignal, onLost: () => void, fenced: boolean): Promise<void> {
    let wake = Promise.withResolvers<void>()
    const stop = feed.subscribe(
      key,
      () => wake.resolve(),
      () => wake.resolve(),
    )
    try {
      for (;;) {
        signal.throwIfAborted()
        wake = Promise.withResolvers<void>()
        const answer = await holds.take(key, onLost, fenced)
        if (answer.taken) return
        const timer = setTimeout(wake.resolve, Math.min(answer.leftMs + 5, RECHECK_MS) + Math.random() * 50)
        await orAborted(wake.promise, signal).finally(() => clearTimeout(timer))
      }
    } finally {
      stop()
    }
  }

  return {
    withLock(name, signal, work, { fenced = false } = {}) {
      const key = KEYS.lock(name)
      return inTurn(key, signal, async () => {
        const lost = new AbortController()
        await take(key, signal, () => lost.abort(lostLock(name)), fenced)
        try {
          return await work(AbortSignal.any([signal, lost.signal]))
        } finally {
          await holds.release(key)
        }
      })
    },
  }
}

function lostLock(name: string): ServiceError {
  return new ServiceError('UNAVAILABLE', `the lock ${name} was lost because Redis was away for too long`, {
    retryable: true,
  })
}
