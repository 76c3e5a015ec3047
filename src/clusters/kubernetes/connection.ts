import type { Readable } from 'node:stream'
import type { Agent, Dispatcher } from 'undici'
import { messageOf, ServiceError } from '../../errors.ts'
import type { Target } from './kubeconfig.ts'

export interface Timeouts {
  /** Milliseconds that one call may take, from its start to its last byte. */
  callMs: number
  connectMs: number
  /** Seconds after which the server shall end a watch, give or take a tenth. */
  watchSeconds: number
  /** Milliseconds beyond that after which the connection counts as dead. */
  watchGraceMs: number
  /** Milliseconds of silence after which a watch is taken up again. A server sends a bookmark about once a minute: one that is silent for longer is none, or hangs. */
  watchQuietMs: number
  /** Longest pause between two attempts to connect a watch again. */
  backoffMs: number
}

export const DEFAULT_TIMEOUTS: Timeouts = {
  callMs: 30_000,
  connectMs: 5_000,
  watchSeconds: 290,
  watchGraceMs: 15_000,
  watchQuietMs: 80_000,
  backoffMs: 10_000,
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface RawCall {
  method: Method
  /** Starts with /api, /apis or /version. */
  path: string
  query?: Record<string, string | undefined>
  body?: unknown
  contentType?: string
}

export interface RawAnswer {
  status: number
  /** Parsed when it is JSON, else the text. */
  body: unknown
  /** Seconds of Retry-After. */
  retryAfter?: number
}

/** One API server, by raw requests: what is sent and answered is not interpreted (trap 9). */
export interface Connection {
  /** Any status resolves; rejects with UNAVAILABLE (retryable) when there is no answer in time, with the signal's reason when it is aborted. */
  call(call: RawCall, signal?: AbortSignal): Promise<RawAnswer>
  /** The answer as a stream, without a limit on its length in time: the caller's signal ends it. */
  stream(call: RawCall, signal: AbortSignal): Promise<{ status: number; body: Readable }>
  readonly closed: boolean
  /** Calls and streams end with UNAVAILABLE. */
  close(): Promise<void>
}

/** A list comes in pages of 500 objects, so that 64 MiB is far away from what a healthy server sends. */
const LONGEST_ANSWER = 64 * 1024 * 1024
const CALLS_AT_ONCE = 16
/** A peer that is gone without a word is noticed after this time and ten probes, one each second. */
const TCP_KEEP_ALIVE_MS = 10_000

/** Watches each hold a connection for minutes: kept apart, they cannot keep a call waiting. */
interface Agents {
  calls: Agent
  watches: Agent
}

/** undici is loaded by the first call: where all O-Clouds are simulated there is none. */
async function createAgents({ tls }: Target, timeouts: Timeouts): Promise<Agents> {
  const { Agent } = await import('undici')
  const connect = {
    ...tls,
    timeout: timeouts.connectMs,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
  }
  const common = { connect, allowH2: false, pipelining: 1, headersTimeout: timeouts.callMs }
  return {
    calls: new Agent({ ...common, connections: CALLS_AT_ONCE, bodyTimeout: timeouts.callMs }),
    watches: new Agent({ ...common, bodyTimeout: 0 }),
  }
}

/** Opens nothing yet: connections come with the first call and are kept. */
export function createConnection(target: Target, timeouts: Timeouts): Connection {
  let agents: Promise<Agents> | undefined
  const closing = new AbortController()

  async function request(lane: keyof Agents, call: RawCall, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    agents ??= createAgents(target, timeouts)
    return (await agents)[lane].request({
      origin: target.origin,
      path: target.basePath + call.path + searchOf(call.query),
      method: call.method,
      headers: {
        ...target.headers,
        accept: 'application/json',
        'user-agent': 'o2ims',
        ...(call.body !== undefined && { 'content-type': call.contentType ?? 'application/json' }),
      },
      body: call.body === undefined ? null : JSON.stringify(call.body),
      signal,
    })
  }

  function unreachable(error: unknown): ServiceError {
    const why = closing.signal.aborted ? 'the connection was closed' : reasonOf(error)
    return new ServiceError('UNAVAILABLE', `The API server ${target.origin} cannot be reached: ${why}`, {
      cause: error,
      retryable: true,
    })
  }

  return {
    get closed() {
      return closing.signal.aborted
    },
    async call(call, signal) {
      signal?.throwIfAborted()
      const limit = AbortSignal.timeout(timeouts.callMs)
      const any = AbortSignal.any([closing.signal, limit, ...(signal ? [signal] : [])])
      try {
        const answer = await request('calls', call, any)
        const text = await textOf(answer.body)
        return { status: answer.statusCode, body: jsonOf(text), ...retryAfterOf(answer.headers['retry-after']) }
      } catch (error) {
        signal?.throwIfAborted()
        throw unreachable(limit.aborted ? new Error(`no answer within ${timeouts.callMs} ms`) : error)
      }
    },
    async stream(call, signal) {
      signal.throwIfAborted()
      try {
        const answer = await request('watches', call, AbortSignal.any([closing.signal, signal]))
        return { status: answer.statusCode, body: answer.body }
      } catch (error) {
        signal.throwIfAborted()
        throw unreachable(error)
      }
    },
    async close() {
      closing.abort(new Error('the connection was closed'))
      const opened = await agents
      await Promise.all([opened?.calls.destroy(), opened?.watches.destroy()])
    },
  }
}

/** Reads a body to its end; rejects when it is longer than any answer may be. */
export async function textOf(body: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > LONGEST_ANSWER) throw new Error(`its answer is longer than ${LONGEST_ANSWER} bytes`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not every answer is JSON: "404 page not found", "ok", and what a proxy on the way says.
    return text
  }
}

function searchOf(query: RawCall['query'] = {}): string {
  const given = Object.entries(query).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, value]],
  )
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

function retryAfterOf(header: string | string[] | undefined): { retryAfter?: number } {
  const seconds = Number(header)
  return Number.isFinite(seconds) && seconds > 0 ? { retryAfter: seconds } : {}
}

/** The innermost words: undici says "fetch failed" or an empty AggregateError around what the system said. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join(', ')
  if (error instanceof Error && error.cause instanceof Error && error.message === '') return reasonOf(error.cause)
  return messageOf(error)
}
