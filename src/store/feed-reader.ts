import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { JsonValue } from '../json.ts'
import { BLOCK_MS, reconnectDelay } from './connection.ts'
import { KEYS } from './keys.ts'
import type { FeedEntry } from './store.ts'
import { compareStreamIds } from './stream-id.ts'

const BATCH = 500
const NOTHING_YET = '0-0'

interface Parts {
  /** A connection of its own: the read blocks it. */
  redis: Redis
  /** What nobody listens to is not read: most of what passes is for other processes. */
  isWanted: (topic: string) => boolean
  onEntry: (entry: FeedEntry) => void
  onGap: () => void
  log: Logger
  signal: AbortSignal
}

/**
 * Reads the feed from its present end on, until `signal` aborts; goes on where it was after an outage. Resolves as soon
 * as it knows its position: what is written from then on is not missed. Rejects when Redis is away.
 */
export async function startFeedReader({
  redis,
  isWanted,
  onEntry,
  onGap,
  log,
  signal,
}: Parts): Promise<{ ended: Promise<void> }> {
  await connected(redis)
  let position = await newestId(redis)

  async function readOnce(): Promise<boolean> {
    const answer = await redis.xread('COUNT', BATCH, 'BLOCK', BLOCK_MS, 'STREAMS', KEYS.feed, position)
    const rows = answer?.[0]?.[1] ?? []
    const last = rows.at(-1)?.[0]
    const full = rows.length === BATCH
    // Asked before the entries are passed on, so that a gap is known before what follows it.
    if (last !== undefined && full && (await isTrimmedAfter(redis, position))) onGap()
    for (const row of rows) {
      const [, [, topic = '']] = row
      const entry = isWanted(topic) ? toEntry(row, log) : undefined
      if (entry) onEntry(entry)
    }
    position = last ?? position
    return full
  }

  /** After an outage: the stream may have been trimmed meanwhile, or be another one (a store that lost its data, or the last of them at a failover). */
  async function catchUp(): Promise<void> {
    const newest = await newestId(redis)
    if (await isTrimmedAfter(redis, position)) return onGap()
    if (position === NOTHING_YET || (await isThere(redis, position))) return
    // Its entries may have got ids before ours, by the clock of another machine.
    position = newest
    onGap()
  }

  async function readForEver(): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      try {
        if (failures > 0) await catchUp()
        failures = 0
        await readOnce()
      } catch (error) {
        if (signal.aborted) return
        failures += 1
        if (failures === 1) log.warn({ reason: String(error) }, 'the feed is interrupted')
        await pauseOrReady(redis, reconnectDelay(failures), signal)
      }
    }
  }

  return { ended: readForEver() }
}

function connected(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve()
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('Redis did not answer in time')), BLOCK_MS)
    redis.once('ready', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

async function newestId(redis: Redis): Promise<string> {
  const [newest] = await redis.xrevrange(KEYS.feed, '+', '-', 'COUNT', 1)
  return newest?.[0] ?? NOTHING_YET
}

/** True when entries after `position` may be gone. When nothing had been written before `position`, only a trimmed stream says so. */
async function isTrimmedAfter(redis: Redis, position: string): Promise<boolean> {
  const [oldest] = await redis.xrange(KEYS.feed, '-', '+', 'COUNT', 1)
  return oldest !== undefined && compareStreamIds(position, oldest[0]) < 0
}

async function isThere(redis: Redis, id: string): Promise<boolean> {
  return (await redis.xrange(KEYS.feed, id, id)).length > 0
}

function toEntry([id, fields]: [string, string[]], log: Logger): FeedEntry | undefined {
  const [, topic = '', , event = '', , data = 'null'] = fields
  try {
    const parsed: JsonValue = JSON.parse(data)
    return { id, topic, event, data: parsed }
  } catch (error) {
    log.error({ id, topic, reason: String(error) }, 'an entry of the feed cannot be read')
    return undefined
  }
}

/** Waits for the connection to come back, but no longer than `ms`. */
function pauseOrReady(redis: Redis, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    function done(): void {
      clearTimeout(timer)
      redis.off('ready', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    redis.on('ready', done)
    signal.addEventListener('abort', done)
  })
}
