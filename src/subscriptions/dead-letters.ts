import type { JsonObject } from '../json.ts'
import type { Collection } from '../store/store.ts'
import { placeOf } from './dead-letter-range.ts'
import type { SubscriptionRecord } from './record.ts'

/** A notification that was given up. */
export interface DeadLetter {
  /** RFC 3339. */
  givenUpAt: string
  /** Why, in words. */
  reason: string
  /** The same as in the attempts before, and in those of a replay. */
  notificationId?: string
  /** When the change was made, RFC 3339. */
  at?: string
  /** The body, as it would have been sent; absent where nothing is kept of it. */
  notification?: JsonObject
  /** How many notifications this is about, at most, when nothing is kept of them. */
  lost?: number
}

/** What is kept beside their subscription, with which they go; they take the places from `next` on. */
export function attachmentsOf(letters: readonly DeadLetter[], next: number): Record<string, string> {
  return Object.fromEntries(letters.map((letter, index) => [placeOf(next + index), JSON.stringify(letter)]))
}

export async function deadLetterAt(
  subscriptions: Pick<Collection<SubscriptionRecord>, 'attachment'>,
  subscriptionId: string,
  index: number,
): Promise<DeadLetter | undefined> {
  const text = await subscriptions.attachment(subscriptionId, placeOf(index))
  if (text === undefined) return undefined
  const letter: DeadLetter = JSON.parse(text)
  return letter
}
