import { type Filter, type FilterPart, parseFilter } from '../query/filter.ts'
import { matches } from '../query/matches.ts'
import { QueryError } from '../query/query-error.ts'
import type { EventKind, EventTypes, WrittenChange } from './events.ts'

type Trees = readonly Pick<FilterPart, 'tree'>[]

/** A filter for each type of event that it can be put to. A thousand of them stay in memory: types that read it alike share one, and only what is asked is kept. */
export type EventFilter = ReadonlyMap<string, Trees>

/**
 * Reads the filter of a subscription: it selects what is told (O2IMS 2.1.2.2.2). It has to fit one type of event at least; events of a type that lacks one of its attributes are not told.
 * Throws QueryError with what is wrong for the type that it comes nearest to.
 */
export function readFilter(text: string, types: EventTypes): EventFilter {
  const filters = new Map<string, Trees>()
  const known = new Map<string, Trees>()
  let nearest: QueryError | undefined
  for (const [name, type] of Object.entries(types)) {
    try {
      const filter = parseFilter([text], type)
      const reading = readingOf(filter)
      const trees = known.get(reading) ?? filter.map(({ tree }) => ({ tree }))
      known.set(reading, trees)
      filters.set(name, trees)
    } catch (error) {
      if (!(error instanceof QueryError)) throw error
      if (nearest === undefined || (error.position ?? 0) > (nearest.position ?? 0)) nearest = error
    }
  }
  if (filters.size === 0 && nearest !== undefined) throw nearest
  return filters
}

/** The same text asks the same wherever its attributes hold the same sorts of values. */
function readingOf(filter: Filter): string {
  const types = filter.flatMap(({ clauses }) => clauses.map(({ type }) => type))
  return types.map(({ open, scalars }) => (open ? 'any' : [...scalars].sort().join('|'))).join()
}

export function selects(filters: EventFilter, kind: EventKind, change: WrittenChange): boolean {
  const filter = filters.get(kind.typeOf(change))
  return filter !== undefined && matches(filter, kind.attributes(change))
}
