import type { JsonValue } from '../json.ts'

/** Something that others are told. The outbox does not know what it means. */
export interface Change {
  kind: string
  data: JsonValue
}

/** An entry of the outbox; positions grow by one with each. `text` is the data as JSON, not parsed. */
export interface OutboxEntry {
  position: number
  /** When it was written, in milliseconds since 1970. */
  at: number
  kind: string
  text: string
  /** W3C traceparent of what wrote it; absent when that was not traced. */
  traceparent?: string
}

/**
 * Changes in the order of the writes that made them (`Alongside.changes`), each kept until every lane has taken it, 100,000 at most. A lane is a reader that is
 * remembered; while none is open nothing is kept. The feed's topic `outbox` tells, without data, that something was appended. Every method rejects with UNAVAILABLE when Redis is away.
 */
export interface Outbox {
  /** Takes what is written from now on; stays where it is when it is open already. */
  openLane(lane: string): Promise<void>
  closeLane(lane: string): Promise<void>
  /** The position of the last entry that each open lane has taken. */
  lanes(): Promise<Map<string, number>>
  /** The position of the newest entry that was ever written; 0 when there was none. */
  newest(): Promise<number>
  /**
   * At most `limit` entries after the position (and 100), oldest first; fewer when their data is more than so many bytes (1 MiB), but one at least. `gap`: some that would come before these are kept no more, or no
   * entry was ever given that position (Redis lost its last second).
   */
  read(after: number, limit: number, bytes?: number): Promise<{ entries: OutboxEntry[]; gap: boolean }>
  /** The epoch of whoever delivers from now on: from here on every earlier one is fenced off. */
  takeEpoch(): Promise<number>
  /** The lane has taken everything up to that position; never goes back. False when the lane is not open. Rejects with Fenced when a later epoch was taken. */
  advance(lane: string, position: number, epoch: number): Promise<boolean>
  /** Forgets what every lane has taken. */
  trim(): Promise<void>
}
