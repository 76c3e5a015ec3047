import type { Outcome } from '../outgoing/outgoing.ts'
import type { Delivery } from './record.ts'

export interface RetrySettings {
  /** The pause after a first failure; doubled with each one that follows. */
  firstMs: number
  /** The longest pause, also when the subscriber asks for a longer one. */
  mostMs: number
  /** For so long a notification is tried. */
  windowMs: number
}

export type Failed = Extract<Outcome, { accepted: false }>

export const NEW_DELIVERY: Delivery = { consecutiveFailures: 0 }

export function afterSuccess({ lastFailure }: Delivery, now: Date): Delivery {
  return { consecutiveFailures: 0, lastSuccessAt: now.toISOString(), ...(lastFailure && { lastFailure }) }
}

/** @param random from 0 to 1: half of the pause is left to chance, so that lanes which failed together do not come back together */
export function afterFailure(
  before: Delivery,
  { reason, retryAfter = 0 }: Failed,
  now: Date,
  { firstMs, mostMs }: RetrySettings,
  random: number,
): Delivery {
  const ceiling = Math.min(mostMs, firstMs * 2 ** Math.min(before.consecutiveFailures, 52))
  const pause = Math.max((ceiling * (1 + random)) / 2, Math.min(retryAfter * 1000, mostMs))
  const at = now.toISOString()
  return {
    ...before,
    consecutiveFailures: before.consecutiveFailures + 1,
    failingSince: before.failingSince ?? at,
    lastFailure: { at, reason },
    nextAttemptAt: new Date(now.getTime() + Math.ceil(pause)).toISOString(),
  }
}

/** Milliseconds until the next attempt; 0: now. */
export function pauseLeft({ nextAttemptAt }: Delivery, now: Date): number {
  return nextAttemptAt === undefined ? 0 : Math.max(0, Date.parse(nextAttemptAt) - now.getTime())
}

/**
 * Whether a notification has waited through a whole window of failures. What was there before the first of them (the service stood still) has its whole window from there.
 *
 * @param at when the change was written, in milliseconds
 */
export function isExpired(at: number, { failingSince }: Delivery, now: Date, { windowMs }: RetrySettings): boolean {
  return failingSince !== undefined && now.getTime() >= Math.max(at, Date.parse(failingSince)) + windowMs
}

/** Answers that say that the subscriber is not there at the moment, rather than what it thinks of the notification. */
const NOT_NOW: readonly number[] = [429, 502, 503, 504]

/** Whether the subscriber itself turned this very notification down: it is there, and may take the next one. */
export function isRefusal({ kind, status }: Failed): boolean {
  return kind === 'status' && status !== undefined && !NOT_NOW.includes(status)
}

/** The next attempt is now. */
export function withoutPause({ nextAttemptAt: _, ...delivery }: Delivery): Delivery {
  return delivery
}
