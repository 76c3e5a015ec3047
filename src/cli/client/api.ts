import { z } from 'zod'
import type { Http } from './http.ts'
import { createOCloudApi, type OCloudApi } from './o-cloud-api.ts'
import { allPages, parsed } from './read.ts'
import { createTemplateApi, type TemplateApi } from './template-api.ts'
import {
  leftSchema,
  planSchema,
  requestListSchema,
  requestSchema,
  type WireObject,
  type WirePlan,
  type WireRequest,
} from './wire.ts'

const REQUESTS = '/o2ims/v1/provisioningRequests'
const DRY_RUN_LIMIT_MS = 120_000
/** It looks at clusters that may be away, each with a limit of its own. */
const DIAGNOSTICS_LIMIT_MS = 120_000

/** Who decides about a request that waits for approval. */
export interface WireDecision {
  approver: string
  comment?: string
}

/** The front door as functions. Rejections are CommandFailures. */
export interface Api {
  readonly http: Http
  readonly oClouds: OCloudApi
  readonly templates: TemplateApi
  /** `stood`: the identical request was there already. */
  submit(body: unknown): Promise<{ request: WireRequest; stood: boolean }>
  dryRun(body: unknown): Promise<WirePlan>
  get(id: string): Promise<WireRequest>
  /** All requests, page by page, up to 50 pages. */
  list(): Promise<WireRequest[]>
  cancel(id: string): Promise<WireRequest>
  retry(id: string): Promise<WireRequest>
  decide(id: string, verb: 'approve' | 'reject', decision: WireDecision): Promise<WireRequest>
  /** With orphan: what was left behind. */
  remove(id: string, options: { orphan: boolean }): Promise<WireObject[]>
  /** As a document to read. */
  report(id: string, type: 'text/markdown' | 'text/html'): Promise<string>
  reportJson(id: string): Promise<object>
  /** The objects of a request as a table of four columns. */
  statusTable(id: string): Promise<string>
  /** What stands of the log, as lines of JSON. */
  logs(id: string, options: { tail?: number }): Promise<string>
  /** Looks now: takes as long as it takes. */
  diagnostics(id: string): Promise<Record<string, unknown>>
}

export function createApi({ http }: { http: Http }): Api {
  const request = async (path: string, method: 'GET' | 'POST', body?: unknown) =>
    parsed(
      http,
      await http.call(path, { method, ...(body !== undefined && { body }), repeatable: method === 'GET' }),
      requestSchema,
    )
  const text = async (path: string, accept: string) => (await http.call(path, { accept, repeatable: true })).text
  return {
    http,
    oClouds: createOCloudApi(http),
    templates: createTemplateApi(http),
    async submit(body) {
      const answer = await http.call(REQUESTS, { method: 'POST', body, repeatable: true })
      return { request: parsed(http, answer, requestSchema), stood: answer.status === 200 }
    },
    async dryRun(body) {
      const call = { method: 'POST', body, timeLimitMs: DRY_RUN_LIMIT_MS } as const
      return parsed(http, await http.call(`${REQUESTS}?dryRun=true`, call), planSchema)
    },
    get: (id) => request(requestPath(id), 'GET'),
    list: () => allPages(http, REQUESTS, requestListSchema),
    cancel: (id) => request(`${requestPath(id)}/cancel`, 'POST'),
    retry: (id) => request(`${requestPath(id)}/retry`, 'POST'),
    decide: (id, verb, decision) => request(`${requestPath(id)}/${verb}`, 'POST', decision),
    async remove(id, { orphan }) {
      const path = `${requestPath(id)}${orphan ? '?orphan=true' : ''}`
      const answer = await http.call(path, { method: 'DELETE', repeatable: true })
      return orphan ? parsed(http, answer, leftSchema).left : []
    },
    report: (id, type) => text(`${requestPath(id)}/report`, type),
    async reportJson(id) {
      return parsed(http, await http.call(`${requestPath(id)}/report`, { repeatable: true }), z.looseObject({}))
    },
    statusTable: (id) => text(`${requestPath(id)}/status-table`, 'text/plain'),
    logs: (id, { tail }) => text(logsPath(id, { ...(tail !== undefined && { tail }) }), 'application/x-ndjson'),
    async diagnostics(id) {
      const call = { timeLimitMs: DIAGNOSTICS_LIMIT_MS, repeatable: true }
      return parsed(http, await http.call(`${requestPath(id)}/diagnostics`, call), z.looseObject({}))
    },
  }
}

/** The path of a request below the server's address. */
export function requestPath(id: string): string {
  return `${REQUESTS}/${encodeURIComponent(id)}`
}

export function logsPath(id: string, { tail, follow }: { tail?: number; follow?: true }): string {
  const query = new URLSearchParams()
  if (follow) query.set('follow', 'true')
  if (tail !== undefined) query.set('tail', String(tail))
  return `${requestPath(id)}/logs${query.size > 0 ? `?${query}` : ''}`
}
