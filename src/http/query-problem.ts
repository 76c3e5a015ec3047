import { ServiceError } from '../errors.ts'
import { QueryError } from '../query/query-error.ts'
import { pointer } from './check.ts'

/** Runs what reads a query; a QueryError becomes INVALID_QUERY with a pointer to its parameter, to one of several by its number. */
export function readingQuery<T>(read: () => T, filters: readonly string[] = []): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof QueryError)) throw error
    const { parameter, index, message } = error
    const severalFilters = parameter === 'filter' && filters.length > 1
    const name = severalFilters ? `filter ${index + 1} of ${filters.length}` : parameter
    throw new ServiceError('INVALID_QUERY', `${name}: ${message}`, {
      fields: [{ pointer: pointer(severalFilters ? [parameter, index] : [parameter]), message }],
    })
  }
}
