import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import { startFeedReader } from './feed-reader.ts'
import { FEED_LENGTH, KEYS } from './keys.ts'
import type { RedisClient } from './redis-client.ts'
import type { Feed, FeedEntry } from './store.ts'

interface Subscriber {
  onEntry: (entry: FeedEntry) => void
  onGap: () => void
}

/** An entry is for those who listen to its topic, and to the collection that the topic is of. */
function topicsOf(topic: string): string[] {
  const colon = topic.indexOf(':')
  return colon < 0 ? [topic] : [topic, topic.slice(0, colon)]
}

/** The feed with its one reader already in position; `close` ends it. Rejects when Redis is away. */
export async function createFeed({
  client,
  reader,
  log,
}: {
  client: RedisClient
  reader: Redis
  log: Logger
}): Promise<Feed & { close(): Promise<void> }> {
  const topics = new Map<string, Set<Subscriber>>()
  const stop = new AbortController()

  function tell(tellOne: () => void): void {
    try {
      tellOne()
    } catch (error) {
      log.error({ reason: messageOf(error) }, 'a subscriber of the feed failed')
    }
  }

  const { ended } = await startFeedReader({
    redis: reader,
    log,
    signal: stop.signal,
    isWanted: (topic) => topicsOf(topic).some((one) => topics.has(one)),
    onEntry(entry) {
      for (const topic of topicsOf(entry.topic))
        for (const subscriber of [...(topics.get(topic) ?? [])]) tell(() => subscriber.onEntry(entry))
    },
    onGap() {
      for (const subscriber of [...topics.values()].flatMap((set) => [...set])) tell(subscriber.onGap)
    },
  })

  return {
    subscribe(topic, onEntry, onGap) {
      const subscriber = { onEntry, onGap }
      const set = topics.get(topic) ?? new Set()
      topics.set(topic, set.add(subscriber))
      return () => {
        set.delete(subscriber)
        if (set.size === 0 && topics.get(topic) === set) topics.delete(topic)
      }
    },
    async publish(topic, event, data) {
      const fields = ['t', topic, 'e', event, 'd', JSON.stringify(data)]
      await client.run((redis) => redis.xadd(KEYS.feed, 'MAXLEN', '~', FEED_LENGTH, '*', ...fields))
    },
    async close() {
      stop.abort()
      reader.disconnect()
      await ended
    },
  }
}
