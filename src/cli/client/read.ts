import type { z } from 'zod'
import { CommandFailure } from './failure.ts'
import { type Answer, type Http, parseJson } from './http.ts'

const MOST_PAGES = 50

/** The body of an answer. Throws a CommandFailure when it has another shape than o2ims gives it. */
export function parsed<S extends z.ZodType>(http: Http, answer: Answer, schema: S): z.output<S> {
  const result = schema.safeParse(parseJson(answer.text))
  if (result.success) return result.data
  throw new CommandFailure(`${http.server} answers something else than o2ims does`, {
    hint: 'is --server the address of an o2ims service, without a path?',
  })
}

/** All items of a list, page by page, up to 50 pages. */
export async function allPages<T>(http: Http, list: string, schema: z.ZodType<T[]>): Promise<T[]> {
  const all: T[] = []
  let path: string | undefined = list
  for (let page = 0; path !== undefined && page < MOST_PAGES; page += 1) {
    const answer: Answer = await http.call(path, { repeatable: true })
    all.push(...parsed(http, answer, schema))
    path = nextPage(http, list, answer.headers.get('link'))
  }
  return all
}

/** `Link: <…>; rel="next"`, as a path on the same server: a Link never sends us elsewhere. */
function nextPage(http: Http, list: string, link: string | null): string | undefined {
  const next = link?.match(/<([^>]*)>\s*;\s*rel="?next"?/)?.[1]
  if (next === undefined) return undefined
  const url = new URL(next, `${http.server}${list}`)
  return `${list}${url.search}`
}
