import { z } from 'zod'
import type { Page } from '../store/store.ts'
import type { Markers } from './marker.ts'
import type { Answer } from './operation.ts'

const PAGE_SIZE = 100

/** `nextpage_opaque_marker` alone: what the specification's lists take. */
export const markerQuery = z.strictObject({
  nextpage_opaque_marker: z
    .string()
    .max(256)
    .optional()
    .meta({ description: 'From the Link header of the page before.' }),
})

/** The front door's lists take a page size too. */
export const pageQuery = markerQuery.extend({
  limit: z
    .string()
    .regex(/^([1-9][0-9]?|100)$/, 'must be an integer from 1 to 100')
    .transform(Number)
    .optional()
    .meta({ description: 'Entries on a page, 1 to 100.' }),
})

export interface PageQuery {
  nextpage_opaque_marker?: string
  limit?: number
}

/** What to ask the service for. INVALID_QUERY when the marker is not ours. */
export function pageOf(markers: Markers, list: string, query: PageQuery): { after?: number; limit: number } {
  const marker = query.nextpage_opaque_marker
  return { limit: query.limit ?? PAGE_SIZE, ...(marker !== undefined && { after: markers.open(list, marker) }) }
}

/** A page as an array, with a Link to the next one (SOL 013 5.4.2.3). `path` is an alias's own when the list was asked for there. */
export function answerPage<T>(
  markers: Markers,
  { list, path = list }: { list: string; path?: string },
  query: PageQuery,
  page: Page<T>,
  items: unknown[],
): Answer {
  if (page.next === undefined) return { status: 200, body: items }
  const next = new URLSearchParams({ nextpage_opaque_marker: markers.seal(list, page.next) })
  if (query.limit !== undefined) next.set('limit', String(query.limit))
  return { status: 200, body: items, headers: { Link: `<${path}?${next}>; rel="next"` } }
}
