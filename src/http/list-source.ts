import type { Filter } from '../query/filter.ts'
import { equalitiesOf, literalsOf } from '../query/literals.ts'
import { MOST_VALUES, type Scan, type ScanPage } from '../store/scan-types.ts'
import type { Page } from '../store/store.ts'

/** One entry of a list. `text`: as it goes over the wire, where it is stored so. */
export interface Entry {
  position: number
  value(): unknown
  text?: string
}

/** Where a list has its entries from: some at a time, in a stable order, after a position. */
export interface ListSource {
  looks(filter: Filter, after: number | undefined, wanted: number): AsyncIterable<Entry[]>
}

/** Records whose text in the store is what goes over the wire. A filter is put to Redis first, as far as it can tell. */
export function storedSource(scan: (scan: Scan) => Promise<ScanPage>, indexed: readonly string[] = []): ListSource {
  return {
    async *looks(filter, after, wanted) {
      const where = equalitiesOf(filter, indexed).find(({ values }) => values.length <= MOST_VALUES)
      const containing = literalsOf(filter)
      const limit = filter.length === 0 ? wanted : ROWS_AT_ONCE
      const look = { limit, examine: EXAMINED_AT_ONCE, containing, ...(where && { where }) }
      for (let from = after; ; ) {
        const { rows, next } = await scan({ ...look, ...(from !== undefined && { after: from }) })
        yield rows.map(({ position, text }) => ({ position, text, value: () => JSON.parse(text) }))
        if (next === undefined) return
        from = next
      }
    },
  }
}

/** Records that are put into the words of the API when they are read. */
export function representedSource<T>(
  list: (options: { after?: number; limit: number }) => Promise<Page<T>>,
  represent: (records: T[]) => unknown[] | Promise<unknown[]>,
): ListSource {
  return {
    async *looks(filter, after, wanted) {
      const limit = filter.length === 0 ? wanted : ROWS_AT_ONCE
      for (let from = after; ; ) {
        const { items, next } = await list({ limit, ...(from !== undefined && { after: from }) })
        const values = await represent(items.map(({ value }) => value))
        yield items.map(({ position }, index) => ({ position, value: () => values[index] }))
        if (next === undefined) return
        from = next
      }
    },
  }
}

/** What is fetched and held at once: enough that the way to Redis does not count, and too little to be felt by others. */
const ROWS_AT_ONCE = 200
const EXAMINED_AT_ONCE = 1000
