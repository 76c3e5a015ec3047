import { LRUCache } from 'lru-cache'

/** The body of a page, and the position of its last entry where there are more. Bytes go out as they are. */
export interface Page {
  body: Buffer | unknown[]
  last?: number
}

/** Pages of text that is stored as it is sent, kept while nothing is written to their collection. */
export interface PageCache {
  /**
   * @param key everything that the page depends on but what is stored
   * @param version grows with every write to the collection; asked for before the page is made
   */
  page(key: string, version: () => Promise<number>, make: () => Promise<Page>): Promise<Page>
}

const MOST_BYTES = 32 * 1024 * 1024

/** To read a page anew takes this process several times as long as to send it; to ask whether it is still the same takes Redis some microseconds. */
export function createPageCache(mostBytes = MOST_BYTES): PageCache {
  const pages = new LRUCache<string, Page & { version: number }>({
    maxSize: mostBytes,
    sizeCalculation: ({ body }, key) => body.length + 2 * key.length,
  })
  return {
    async page(key, version, make) {
      const now = await version()
      const known = pages.get(key)
      if (known?.version === now) return known
      const page = await make()
      if (page.body instanceof Buffer) pages.set(key, { ...page, version: now })
      return page
    },
  }
}
