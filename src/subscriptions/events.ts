import type { JsonObject } from '../json.ts'
import type { QueryType } from '../query/query-type.ts'
import type { Subscription } from './record.ts'

/** A change that was written, read from the outbox once for all subscriptions. */
export interface WrittenChange {
  position: number
  /** When it was written, in milliseconds since 1970. */
  at: number
  kind: string
  data: JsonObject
  /** W3C traceparent of what wrote it. */
  traceparent?: string
}

/** By the name of each type of event: the attributes that a filter may ask for. */
export type EventTypes = Readonly<Record<string, QueryType>>

/** What the subscribers of one API are told. */
export interface EventKind {
  typeOf(change: WrittenChange): string
  /** What a filter is put to. */
  attributes(change: WrittenChange): JsonObject
  body(change: WrittenChange, subscription: Subscription, notificationId: string): JsonObject
}
