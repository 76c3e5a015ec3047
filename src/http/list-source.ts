import type { Filter } from '../query/filter.ts'
import { equalitiesOf, isEquality, literalsOf } from '../query/literals.ts'
import { MOST_VALUES } from '../store/scan-types.ts'
import type { Collection, Page } from '../store/store.ts'

/** One entry of a list. `text`: as it goes over the wire, where it is stored so. */
export interface Entry {
  position: number
  value(): unknown
  text?: string
  /** The filter need not be put to it. */
  isMatch: boolean
}

/** Where a list has its entries from: some at a time, in a stable order, after a position. */
export interface ListSource {
  looks(filter: Filter, after: number | undefined, wanted: number): AsyncIterable<Entry[]>
  /** Grows with every write to what is listed; absent where nobody can tell. */
  version?(): Promise<number>
}

/** What a list of stored records needs of their collection. */
export type StoredRecords = Pick<Collection<unknown>, 'scan' | 'count' | 'version'>

interface Equality {
  attribute: string
  values: string[]
}

/**
 * Records whose text in the store is what goes over the wire. A filter is put to Redis first, as far as it can tell.
 * `indexed`: attributes whose values are indexes of the collection. `within`: only those with that value, e.g. of one pool.
 */
export function storedSource(
  records: () => StoredRecords,
  indexed: readonly string[] = [],
  within?: { attribute: string; value: string },
): ListSource {
  const fixed = within && { attribute: within.attribute, values: [within.value] }

  async function narrowest(filter: Filter): Promise<Equality | undefined> {
    const usable = equalitiesOf(filter, indexed).filter(({ values }) => values.length <= MOST_VALUES)
    const all = fixed ? [fixed, ...usable] : usable
    if (all.length < 2) return all[0]
    const counts = await Promise.all(
      all.map(({ attribute, values }) =>
        Promise.all(values.map((value) => records().count({ attribute, value }))).then((each) =>
          each.reduce((sum, count) => sum + count, 0),
        ),
      ),
    )
    return all[counts.indexOf(Math.min(...counts))]
  }

  return {
    version: () => records().version(),
    async *looks(filter, after, wanted) {
      const where = await narrowest(filter)
      const elsewhere = where === fixed ? undefined : within
      const sure = filter.length === 0 || (where !== fixed && isEquality(filter, indexed))
      const limit = sure && !elsewhere ? wanted : ROWS_AT_ONCE
      const containing = sure ? [] : literalsOf(filter)
      const look = { limit, examine: EXAMINED_AT_ONCE, containing, ...(where && { where }) }
      for (let from = after; ; ) {
        const { rows, next } = await records().scan({ ...look, ...(from !== undefined && { after: from }) })
        const entries = rows.map(({ position, text }) => ({
          position,
          text,
          isMatch: sure,
          value: () => JSON.parse(text),
        }))
        yield elsewhere ? entries.filter(({ value }) => value()[elsewhere.attribute] === elsewhere.value) : entries
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
        yield items.map(({ position }, index) => ({
          position,
          isMatch: filter.length === 0,
          value: () => values[index],
        }))
        if (next === undefined) return
        from = next
      }
    },
  }
}

/** What is fetched and held at once: enough that the way to Redis does not count, and too little to be felt by others. */
const ROWS_AT_ONCE = 200
const EXAMINED_AT_ONCE = 1000
