import { z } from 'zod'
import { CommandFailure } from './failure.ts'
import { type Answer, type Http, parseJson } from './http.ts'
import {
  leftSchema,
  oCloudListSchema,
  planSchema,
  requestListSchema,
  requestSchema,
  type WireObject,
  type WireOCloud,
  type WirePlan,
  type WireRequest,
} from './wire.ts'

const O_CLOUDS = '/o2ims/v1/ocloud'
const REQUESTS = '/o2ims/v1/provisioningRequests'
const DRY_RUN_LIMIT_MS = 120_000
const MOST_PAGES = 50

/** The front door as functions. Rejections are CommandFailures. */
export interface Api {
  readonly http: Http
  /** `stood`: the identical request was there already. */
  submit(body: unknown): Promise<{ request: WireRequest; stood: boolean }>
  dryRun(body: unknown): Promise<WirePlan>
  get(id: string): Promise<WireRequest>
  /** All requests, page by page, up to 50 pages. */
  list(): Promise<WireRequest[]>
  oClouds(): Promise<WireOCloud[]>
  cancel(id: string): Promise<WireRequest>
  retry(id: string): Promise<WireRequest>
  /** With orphan: what was left behind. */
  remove(id: string, options: { orphan: boolean }): Promise<WireObject[]>
  /** Markdown. */
  report(id: string): Promise<string>
  reportJson(id: string): Promise<object>
  /** A secret. */
  kubeconfig(oCloudId: string): Promise<string>
}

export function createApi({ http }: { http: Http }): Api {
  const read = <S extends z.ZodType>(answer: Answer, schema: S) => parsed(http, answer, schema)
  return {
    http,
    async submit(body) {
      const answer = await http.call(REQUESTS, { method: 'POST', body, repeatable: true })
      return { request: read(answer, requestSchema), stood: answer.status === 200 }
    },
    dryRun: async (body) =>
      read(
        await http.call(`${REQUESTS}?dryRun=true`, { method: 'POST', body, timeLimitMs: DRY_RUN_LIMIT_MS }),
        planSchema,
      ),
    get: async (id) => read(await http.call(requestPath(id), { repeatable: true }), requestSchema),
    list: () => allPages(http, REQUESTS, requestListSchema),
    oClouds: () => allPages(http, O_CLOUDS, oCloudListSchema),
    cancel: async (id) => read(await http.call(`${requestPath(id)}/cancel`, { method: 'POST' }), requestSchema),
    retry: async (id) => read(await http.call(`${requestPath(id)}/retry`, { method: 'POST' }), requestSchema),
    async remove(id, { orphan }) {
      const answer = await http.call(`${requestPath(id)}${orphan ? '?orphan=true' : ''}`, {
        method: 'DELETE',
        repeatable: true,
      })
      return orphan ? read(answer, leftSchema).left : []
    },
    report: async (id) => (await http.call(reportPath(id), { accept: 'text/markdown', repeatable: true })).text,
    reportJson: async (id) => read(await http.call(reportPath(id), { repeatable: true }), z.looseObject({})),
    async kubeconfig(oCloudId) {
      const path = `${O_CLOUDS}/${encodeURIComponent(oCloudId)}/kubeconfig`
      return (await http.call(path, { accept: 'application/yaml', repeatable: true })).text
    },
  }
}

/** The path of a request below the server's address. */
export function requestPath(id: string): string {
  return `${REQUESTS}/${encodeURIComponent(id)}`
}

const reportPath = (id: string) => `${requestPath(id)}/report`

async function allPages<T>(http: Http, list: string, schema: z.ZodType<T[]>): Promise<T[]> {
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

function parsed<S extends z.ZodType>(http: Http, answer: Answer, schema: S): z.output<S> {
  const result = schema.safeParse(parseJson(answer.text))
  if (result.success) return result.data
  throw new CommandFailure(`${http.server} answers something else than o2ims does`, {
    hint: 'is --server the address of an o2ims service, without a path?',
  })
}
