import { LRUCache } from 'lru-cache'
import type { Reading } from './reading.ts'
import type { Collection, Feed } from './store.ts'

/**
 * Finds records by their ids and keeps what is made of them, of the `most` that were used last. Whether what was kept is good without asking, the reading knows. That a record is not
 * there is never kept; and nothing is when the feed has lost something: after a failover that lost a write, an earlier version that runs beside this one may give its mark again.
 */
export function createKeptRecords<T, Made extends object>(
  collection: Pick<Collection<T>, 'name' | 'peek'>,
  { most, make, feed }: { most: number; make: (value: T) => Made; feed: Pick<Feed, 'subscribe'> },
): (id: string, reading: Reading) => Promise<Made | undefined> {
  const records = new LRUCache<string, { mark: string; made: Made }>({ max: most })
  const { name } = collection
  feed.subscribe(
    name,
    () => undefined,
    () => records.clear(),
  )

  return async (id, reading) => {
    const known = records.get(id)
    if (known && reading.takes({ collection: name, id, mark: known.mark })) return known.made
    const stored = await collection.peek(id)
    if (!stored) {
      records.delete(id)
      return undefined
    }
    const { mark } = stored
    reading.saw({ collection: name, id, mark })
    if (known?.mark === mark) return known.made
    const made = make(stored.value())
    records.set(id, { mark, made })
    return made
  }
}
