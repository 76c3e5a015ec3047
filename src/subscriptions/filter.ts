import { type Filter, parseFilter } from '../query/filter.ts'
import { matches } from '../query/matches.ts'
import { QueryError } from '../query/query-error.ts'
import type { EventKind, EventTypes, WrittenChange } from './events.ts'

/** A filter for each type of event that it can be put to. */
export type EventFilter = ReadonlyMap<string, Filter>

/**
 * Reads the filter of a subscription: it selects what is told (O2IMS 2.1.2.2.2). It has to fit one type of event at least; events of a type that lacks one of its attributes are not told.
 * Throws QueryError with what is wrong for the type that it comes nearest to.
 */
export function readFilter(text: string, types: EventTypes): EventFilter {
  const filters = new Map<string, Filter>()
  let nearest: QueryError | undefined
  for (const [name, type] of Object.entries(types)) {
    try {
      filters.set(name, parseFilter([text], type))
    } catch (error) {
      if (!(error instanceof QueryError)) throw error
      if (nearest === undefined || (error.position ?? 0) > (nearest.position ?? 0)) nearest = error
    }
  }
  if (filters.size === 0 && nearest !== undefined) throw nearest
  return filters
}

export function selects(filters: EventFilter, kind: EventKind, change: WrittenChange): boolean {
  const filter = filters.get(kind.typeOf(change))
  return filter !== undefined && matches(filter, kind.attributes(change))
}
