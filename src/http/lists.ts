import type { FastifyRequest } from 'fastify'
import { ServiceError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { type Filter, parseFilter } from '../query/filter.ts'
import { matches } from '../query/matches.ts'
import { project } from '../query/project.ts'
import type { QueryType } from '../query/query-type.ts'
import { parseSelector, type Selector } from '../query/selector.ts'
import type { ListQuery } from './list-query.ts'
import type { Entry, ListSource } from './list-source.ts'
import type { Markers } from './marker.ts'
import { nextLink } from './next-link.ts'
import type { Answer } from './operation.ts'
import { createPacer } from './pacer.ts'
import { createPageCache, type Page } from './page-cache.ts'
import { readingQuery } from './query-problem.ts'

/** One list of an API. */
export interface List {
  /** Its canonical path, ids filled in. Markers of another list are refused. */
  path: string
  /** Of its entries, as they are answered. */
  type: QueryType
  source: ListSource
  /** Top-level attributes that are left out unless somebody asks for them. */
  excludedByDefault?: readonly string[]
}

/** Answers lists: filter, selectors and paging are the same everywhere (O2IMS 3.1.4, SOL 013 5.2 to 5.4). */
export interface Lists {
  /** A page as an array, with a Link to the next one where there is one. INVALID_QUERY for a filter, selector or marker that cannot be, and for a query that no link could carry. */
  answer(list: List, query: ListQuery, request: FastifyRequest): Promise<Answer>
}

/** @param pageSize entries on a page when the client does not say */
export function createLists({ markers, pageSize }: { markers: Markers; pageSize: number }): Lists {
  const cache = createPageCache()
  return {
    async answer({ path, type, source, excludedByDefault = [] }, query, request) {
      const filters = (query.filter ?? []).filter((text) => text.trim() !== '')
      const filter = readingQuery(() => parseFilter(query.filter ?? [], type), query.filter)
      const selector = readingQuery(() => parseSelector(query, type, excludedByDefault))
      const linkTo = nextLink(request)
      const bound = filters.length === 0 ? path : `${path}\n${JSON.stringify(filters)}`
      const marker = query.nextpage_opaque_marker
      const after = marker === undefined ? undefined : markers.open(bound, marker)
      const limit = query.limit ?? pageSize
      const isWanted = () => !request.socket.destroyed
      const make = async (isPageWanted: () => boolean): Promise<Page> => {
        const found = await collect(source.looks(filter, after, limit + 1), filter, limit + 1, isPageWanted)
        const entries = found.slice(0, limit)
        const last = found.length > limit ? entries.at(-1) : undefined
        return { body: bodyOf(entries, selector), ...(last && { last: last.position }) }
      }
      const { fields, exclude_fields, all_fields, exclude_default } = query
      const key = JSON.stringify([bound, after, limit, fields, exclude_fields, all_fields, exclude_default])
      const { version } = source
      const { body, last } = version ? await cache.page({ key, version, isWanted, make }) : await make(isWanted)
      return {
        status: 200,
        body,
        ...(body instanceof Buffer && { type: 'application/json; charset=utf-8' }),
        ...(last !== undefined && { headers: { Link: linkTo(markers.seal(bound, last)) } }),
      }
    },
  }
}

/** The entries that match, up to a number of them. Others have their turn in between, and it ends when all who wanted it went away. */
async function collect(
  looks: AsyncIterable<Entry[]>,
  filter: Filter,
  wanted: number,
  isWanted: () => boolean,
): Promise<Entry[]> {
  const found: Entry[] = []
  const pacer = createPacer()
  for await (const entries of looks) {
    for (const entry of entries) {
      if (pacer.isDue()) await pacer.rest()
      if (entry.isMatch || matches(filter, entry.value())) found.push(entry)
      if (found.length === wanted) return found
    }
    if (!isWanted()) throw new ServiceError('UNAVAILABLE', 'the client went away')
  }
  return found
}

/** What is stored as it is sent is passed on as text, and not even parsed when all of it is sent. */
function bodyOf(entries: Entry[], selector: Selector): Buffer | unknown[] {
  const whole = selector.kind === 'everything'
  const texts = entries.flatMap(({ text }) => text ?? [])
  if (texts.length === entries.length) {
    const chosen = whole ? texts : texts.map((text) => JSON.stringify(projected(selector, text)))
    return Buffer.from(`[${chosen.join(',')}]`)
  }
  const values = entries.map((entry) => entry.value())
  return whole ? values : values.map((value) => projected(selector, JSON.stringify(value)))
}

function projected(selector: Selector, text: string): JsonObject {
  return project(selector, JSON.parse(text))
}
