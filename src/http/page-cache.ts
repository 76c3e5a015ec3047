import { LRUCache } from 'lru-cache'

/** The body of a page, and the position of its last entry where there are more. Bytes go out as they are. */
export interface Page {
  body: Buffer | unknown[]
  last?: number
}

export interface PageAsked {
  /** Everything that the page depends on but what is stored. */
  key: string
  /** Grows with every write to the collection; asked for before the page is made. */
  version(): Promise<number>
  /** False once nobody waits for this answer. */
  isWanted(): boolean
  /** `isWanted`: of all that wait for the page. */
  make(isWanted: () => boolean): Promise<Page>
}

/** Pages of text that is stored as it is sent, kept while nothing is written to their collection. A page is made by one at a time, whoever asks for it meanwhile. */
export interface PageCache {
  page(asked: PageAsked): Promise<Page>
}

/** A page that is being made. */
interface Making {
  /** Of the collection, before it was read; undefined as long as that is not known. */
  version: number | undefined
  page: Promise<Page>
  wanted: (() => boolean)[]
}

const MOST_BYTES = 32 * 1024 * 1024

/** To read a page anew takes this process several times as long as to send it; to ask whether it is still the same takes Redis some microseconds. */
export function createPageCache(mostBytes = MOST_BYTES): PageCache {
  const pages = new LRUCache<string, Page & { version: number }>({
    maxSize: mostBytes,
    sizeCalculation: ({ body }, key) => body.length + 2 * key.length,
  })
  const underWay = new Map<string, Making>()

  function begin({ key, version, make }: PageAsked, known?: number): Making {
    const wanted: Making['wanted'] = []
    const end = () => {
      if (underWay.get(key) === making) underWay.delete(key)
    }
    const isWanted = () => {
      const still = wanted.some((one) => one())
      // Whoever asks from now on begins anew.
      if (!still) end()
      return still
    }
    async function run(): Promise<Page> {
      const now = known ?? (await version())
      making.version = now
      const page = await make(isWanted)
      if (page.body instanceof Buffer) pages.set(key, { ...page, version: now })
      return page
    }
    const making: Making = { version: known, page: Promise.resolve().then(run).finally(end), wanted }
    underWay.set(key, making)
    return making
  }

  function join(making: Making, { isWanted }: PageAsked): Promise<Page> {
    making.wanted.push(isWanted)
    return making.page
  }

  return {
    async page(asked) {
      const { key } = asked
      const now = await asked.version()
      const known = pages.get(key)
      if (known?.version === now) return known
      const making = underWay.get(key)
      if (making === undefined) return join(begin(asked, now), asked)
      const made = join(making, asked)
      if (making.version === now) return made
      // It may have been read before the last write. What is begun after it is read after everybody who waits for it had asked.
      await made.catch(() => undefined)
      return join(underWay.get(key) ?? begin(asked), asked)
    },
  }
}
