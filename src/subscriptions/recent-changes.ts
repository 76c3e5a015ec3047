import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import type { Outbox, OutboxEntry } from '../store/outbox-types.ts'
import type { WrittenChange } from './events.ts'
import { createNudge } from './nudge.ts'

/** What is kept in memory for the lanes that keep up. */
const MOST_KEPT = 1000
const MOST_KEPT_CHARACTERS = 8 * 1024 * 1024
const READ_AT_ONCE = 100
/** What a lane gets at once: it may hold it for as long as its subscriber is silent, and there are many lanes. */
const LANE_BATCH = 20
const LANE_BATCH_CHARACTERS = 64 * 1024
const AGAIN_MS = 1000

/** The newest changes of the outbox, read and parsed once for all lanes. */
export interface RecentChanges {
  /**
   * Some of the changes after that position, oldest first; none when there is nothing newer yet. A lane that is far behind reads the outbox itself.
   * `gap`: some that would come before these are kept no more.
   */
  after(position: number): Promise<{ changes: WrittenChange[]; gap: boolean }>
  /** There may be something new in the outbox. */
  nudge(): void
  /** Ends when the signal aborts. */
  follow(signal: AbortSignal): Promise<void>
}

interface Kept extends WrittenChange {
  size: number
}

export function createRecentChanges({
  outbox,
  start,
  onNews,
  onForgotten,
  log,
}: {
  outbox: Pick<Outbox, 'read'>
  /** The position from which on changes are kept. */
  start: number
  /** There is something new for lanes that have taken everything. */
  onNews: () => void
  /** Redis does not know any more what was read from it: it has lost its last second. */
  onForgotten: () => void
  log: Logger
}): RecentChanges {
  const { nudge, wait } = createNudge()
  let newest = start
  let kept: Kept[] = []
  let size = 0

  function keep(entries: Kept[]): void {
    kept.push(...entries)
    size += entries.reduce((sum, entry) => sum + entry.size, 0)
    let gone = 0
    while (kept.length - gone > MOST_KEPT || (size > MOST_KEPT_CHARACTERS && kept.length - gone > 1)) {
      size -= kept[gone]?.size ?? 0
      gone += 1
    }
    if (gone > 0) kept = kept.slice(gone)
  }

  async function read(after: number, limit: number, bytes?: number): Promise<{ entries: OutboxEntry[]; gap: boolean }> {
    const found = await outbox.read(after, limit, bytes)
    const oldest = found.entries[0]?.position ?? 0
    if (!found.gap || oldest > after) return found
    onForgotten()
    return { entries: [], gap: false }
  }

  /** True: there may be more. */
  async function readOn(): Promise<boolean> {
    const { entries, gap } = await read(newest, READ_AT_ONCE)
    if (gap) {
      kept = []
      size = 0
    }
    keep(entries.map(parsed))
    newest = entries.at(-1)?.position ?? newest
    if (entries.length > 0) onNews()
    return entries.length > 0
  }

  return {
    nudge,

    async after(position) {
      if (position === newest) return { changes: [], gap: false }
      const oldest = kept[0]?.position
      if (oldest !== undefined && position >= oldest - 1 && position < newest) {
        // Positions grow by one.
        const from = position - oldest + 1
        return { changes: batchOf(kept.slice(from, from + LANE_BATCH)), gap: false }
      }
      const { entries, gap } = await read(position, LANE_BATCH, LANE_BATCH_CHARACTERS)
      return { changes: entries.map(parsed), gap }
    },

    async follow(signal) {
      signal.addEventListener('abort', nudge, { once: true })
      while (!signal.aborted) {
        try {
          if (await readOn()) continue
          await wait()
        } catch (error) {
          log.warn({ reason: messageOf(error) }, 'the outbox cannot be read at this moment')
          await wait(AGAIN_MS)
        }
      }
    },
  }
}

/** As many as a lane may hold, one at least. */
function batchOf(changes: Kept[]): Kept[] {
  let size = 0
  const tooMany = changes.findIndex((change, index) => {
    size += change.size
    return index > 0 && size > LANE_BATCH_CHARACTERS
  })
  return tooMany < 0 ? changes : changes.slice(0, tooMany)
}

function parsed({ text, ...entry }: OutboxEntry): Kept {
  const data: JsonObject = JSON.parse(text)
  return { ...entry, data, size: text.length }
}
