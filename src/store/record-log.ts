import type { JsonValue } from '../json.ts'
import { KEYS } from './keys.ts'
import { logScript } from './lua/read.ts'
import type { RedisClient, Reply } from './redis-client.ts'
import type { LogEntry } from './store.ts'
import { compareStreamIds, isStreamId } from './stream-id.ts'

interface RecordLog {
  entries: (LogEntry & { id: string })[]
  gap: boolean
  last: string | undefined
}

/** The event log of a record after `after`. An id that this log never gave, or whose successor may be gone, is a gap. */
export async function readLog(client: RedisClient, record: string, after?: string): Promise<RecordLog> {
  const known = after !== undefined && isStreamId(after)
  const from = known ? `(${after}` : '-'
  const reply = await client.script(logScript, [KEYS.record(record), KEYS.log(record)], [from])
  const [first, oldest, newest, rows] = Array.isArray(reply) ? reply : []
  const span = { first: String(first), oldest: String(oldest), newest: String(newest) }
  return {
    entries: Array.isArray(rows) ? rows.map(toEntry) : [],
    gap: after !== undefined && (!known || hasGap(after, span)),
    last: span.newest === '' ? undefined : span.newest,
  }
}

/**
 * `first` was written first of all, `oldest` and `newest` are kept; all empty when nothing was written.
 * An id before `first` belongs to an earlier record of that name, one after `newest` to a store that was lost.
 */
export function hasGap(
  after: string,
  { first, oldest, newest }: { first: string; oldest: string; newest: string },
): boolean {
  if (newest === '') return after !== '0-0'
  if (compareStreamIds(after, newest) > 0) return true
  if (after === '0-0') return first !== oldest
  return compareStreamIds(after, first) < 0 || (first !== oldest && compareStreamIds(after, oldest) < 0)
}

function toEntry(row: Reply): LogEntry & { id: string } {
  const [id, fields] = Array.isArray(row) ? row : []
  const [, event, , data] = Array.isArray(fields) ? fields : []
  const parsed: JsonValue = JSON.parse(String(data))
  return { id: String(id), event: String(event), data: parsed }
}
