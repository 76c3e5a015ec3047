import { isDeepStrictEqual } from 'node:util'
import type { Outcome } from '../outgoing/outgoing.ts'

/** The O-Cloud Available notification, O2IMS 3.6.5.1.2. */
export interface AvailableNotification {
  globalCloudId: string
  oCloudId: string
  /** URI of the apiRoot. */
  IMS_EP: string
}

/** How far the SMO knows of this O-Cloud. Times are RFC 3339. */
export interface Registration {
  callback: string
  notification: AvailableNotification
  state: 'PENDING' | 'ACCEPTED'
  /** Of this notification. */
  attempts: number
  lastAttemptAt?: string
  lastError?: string
  /** While it is PENDING. */
  nextAttemptAt?: string
  acceptedAt?: string
}

const FIRST_PAUSE_MS = 1000
/** That the SMO may ask for. */
const LONGEST_WISH_MS = 3_600_000
const LONGEST_PAUSE_MS = 300_000

/** What is wanted at a start: what the SMO accepted already is not sent again, what it did not is due at once. */
export function wanted(
  current: Registration | undefined,
  { callback, notification }: Pick<Registration, 'callback' | 'notification'>,
  now: Date,
): Registration {
  const nextAttemptAt = now.toISOString()
  if (!current || !isSameNotification(current, { callback, notification }))
    return { callback, notification, state: 'PENDING', attempts: 0, nextAttemptAt }
  return current.state === 'ACCEPTED' ? current : { ...current, nextAttemptAt }
}

/** What became of an attempt. */
export function attempted(current: Registration, outcome: Outcome, now: Date, random = Math.random()): Registration {
  const { callback, notification } = current
  const attempts = current.attempts + 1
  const common = { callback, notification, attempts, lastAttemptAt: now.toISOString() }
  if (outcome.accepted) return { ...common, state: 'ACCEPTED', acceptedAt: now.toISOString() }
  const grown = Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), LONGEST_PAUSE_MS) * (0.5 + random / 2)
  const pause = Math.max(grown, Math.min((outcome.retryAfter ?? 0) * 1000, LONGEST_WISH_MS))
  const nextAttemptAt = new Date(now.getTime() + pause).toISOString()
  return { ...common, state: 'PENDING', lastError: `the SMO ${outcome.reason}`, nextAttemptAt }
}

/** Milliseconds until it is to be sent; undefined when there is nothing to send. */
export function dueIn(current: Registration | undefined, now: Date): number | undefined {
  if (current?.state !== 'PENDING') return undefined
  return Math.max(0, Date.parse(current.nextAttemptAt ?? now.toISOString()) - now.getTime())
}

export function isSameNotification(
  a: Pick<Registration, 'callback' | 'notification'>,
  b: Pick<Registration, 'callback' | 'notification'>,
): boolean {
  return a.callback === b.callback && isDeepStrictEqual(a.notification, b.notification)
}
