import { createHash } from 'node:crypto'
import type { JsonObject } from '../json.ts'
import type { EventKind, WrittenChange } from './events.ts'
import type { Subscription } from './record.ts'

export interface Notification {
  /** A UUID, the same each time this change is sent to this subscription: what a subscriber tells repetitions by. */
  notificationId: string
  body: JsonObject
}

export function notificationOf(kind: EventKind, change: WrittenChange, subscription: Subscription): Notification {
  const notificationId = idOf(change, subscription)
  return { notificationId, body: kind.body(change, subscription, notificationId) }
}

/** Also tells a change from another one that was given the same position after Redis had lost its last second. */
function idOf({ position, at }: WrittenChange, { subscriptionId }: Subscription): string {
  const hash = createHash('sha256').update([subscriptionId, position, at].join('/')).digest()
  // A UUID of version 8 (RFC 9562 5.8)
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  const hex = hash.toString('hex', 0, 16)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
