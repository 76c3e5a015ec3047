import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { messageOf, ServiceError } from '../../errors.ts'
import { Interruption } from '../run/interruption.ts'

/** Input of a step that waits: it gives up when nothing was new for so long. A day at most; a timer takes no more than 24 of them, and fires at once. */
export const silenceSeconds = z.number().positive().max(86_400).default(300)

/** True when the signal ended by a time limit: an undo then says what is left. Any other end (shutdown, fenced, superseded) ends the verb itself. */
export function isPastDeadline(signal: AbortSignal): boolean {
  if (!signal.aborted) return false
  const reason: unknown = signal.reason
  if (reason instanceof Interruption) return reason.kind === 'deadline'
  return reason instanceof DOMException && reason.name === 'TimeoutError'
}

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 10_000

/** The O-Cloud stayed away until the time limit of the undo. */
export class Unreachable extends Error {}

/**
 * Calls again, with growing jittered pauses, while the error is one that may pass. Rejects with the first final error, with Unreachable (the last cause in words)
 * when the time limit ends it, and with the signal's reason when anything else does.
 */
export async function throughOutages<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
  let last = signal.aborted ? 'the time limit had passed already' : 'there was no answer before the time limit'
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      signal.throwIfAborted()
      return await call()
    } catch (error) {
      if (signal.aborted) throw isPastDeadline(signal) ? new Unreachable(last) : signal.reason
      if (!(error instanceof ServiceError) || !error.retryable) throw error
      last = messageOf(error)
    }
    await pauseUnlessAborted(pause * (0.5 + Math.random() / 2), signal)
  }
}

const ANSWER_WITHIN_MS = 3_000

/** Whether an O-Cloud is away at this moment, by one call to it. Whatever else is wrong with the call, the work itself tells. Rejects when anything but a time limit ended the signal. */
export async function isAway(ask: (signal: AbortSignal) => Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)])
  try {
    await ask(limit)
    return false
  } catch (error) {
    if (signal.aborted && !isPastDeadline(signal)) throw signal.reason
    return limit.aborted || (error instanceof ServiceError && error.retryable)
  }
}

async function pauseUnlessAborted(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal })
  } catch (error) {
    // The next turn of the loop reads the signal and says why it ended.
    if (!signal.aborted) throw error
  }
}

const AT_ONCE = 4

/** Runs the work for each item, a few at once; in order of the items the results. The first error ends it. */
export async function forEachBounded<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      const item = items[index]
      if (item !== undefined) results[index] = await work(item)
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, lane))
  return results
}
