import { setTimeout as sleep } from 'node:timers/promises'
import { CommandFailure } from './failure.ts'
import { type Again, refusal } from './refusal.ts'
import { problemSchema } from './wire.ts'

export const DEFAULT_SERVER = 'http://127.0.0.1:8080'
const TIME_LIMIT_MS = 30_000
const ATTEMPTS = 3
const LONGEST_PAUSE_MS = 10_000
const LARGEST_ANSWER = 64 * 1024 * 1024

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  body?: unknown
  accept?: string
  timeLimitMs?: number
  /** The same call again does no harm: repeated when the service is not available for a moment. */
  repeatable?: boolean
}

export interface Answer {
  status: number
  headers: Headers
  text: string
}

/** Calls the API. Rejects with a CommandFailure: refused (with the problem details), or unreachable. */
export interface Http {
  readonly server: string
  call(path: string, call?: Call): Promise<Answer>
  /** The open response of an event stream; the caller reads the body. */
  open(path: string, options: { signal: AbortSignal; headers: Record<string, string> }): Promise<Response>
}

/** `server` is an address as `serverOf` gives it; `again` writes the commands that hints tell of; `limitMs` bounds one call. */
export function createHttp({
  server,
  again,
  limitMs = TIME_LIMIT_MS,
}: {
  server: string
  again: Again
  limitMs?: number
}): Http {
  const base: Base = { server, again, limitMs }
  return {
    server,
    async call(path, call = {}) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await once(base, path, call)
        } catch (error) {
          const pause = call.repeatable && attempt < ATTEMPTS ? pauseAfter(error, attempt) : undefined
          if (pause === undefined) throw error
          await sleep(pause)
        }
      }
    },
    async open(path, { signal, headers }) {
      const response = await reach(base, path, { signal, headers })
      if (!response.ok) throw await refused(response, base, path)
      return response
    },
  }
}

interface Base {
  server: string
  again: Again
  /** For a call that names no limit of its own. */
  limitMs: number
}

async function once(base: Base, path: string, { method = 'GET', body, accept, timeLimitMs }: Call): Promise<Answer> {
  const response = await reach(base, path, {
    method,
    redirect: 'error',
    signal: AbortSignal.timeout(timeLimitMs ?? base.limitMs),
    headers: {
      accept: `${accept ?? 'application/json'}, application/problem+json`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw await refused(response, base, path)
  return { status: response.status, headers: response.headers, text: await textOf(response, base) }
}

async function reach(base: Base, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(`${base.server}${path}`, init)
  } catch (error) {
    throw unreachable(base, error)
  }
}

async function textOf(response: Response, base: Base): Promise<string> {
  if (Number(response.headers.get('content-length') ?? 0) > LARGEST_ANSWER)
    throw new CommandFailure(`the answer of ${base.server} is larger than ${LARGEST_ANSWER} bytes`)
  try {
    return await response.text()
  } catch (error) {
    throw unreachable(base, error)
  }
}

async function refused(response: Response, base: Base, path: string): Promise<CommandFailure> {
  const { status, statusText } = response
  const parsed = problemSchema.safeParse(parseJson(await textOf(response, base)))
  const problem = parsed.success
    ? { ...parsed.data, status }
    : { title: `HTTP ${status} ${statusText}, not an answer of o2ims`, status }
  const failure = refusal(problem, { ...base, path })
  retryAfter.set(failure, Number(response.headers.get('retry-after') ?? Number.NaN))
  return failure
}

/** Seconds that the server asked us to wait, for each refusal. */
const retryAfter = new WeakMap<CommandFailure, number>()

function pauseAfter(error: unknown, attempt: number): number | undefined {
  if (!(error instanceof CommandFailure)) return undefined
  if (error.status !== 503 && error.status !== 429) return undefined
  const asked = (retryAfter.get(error) ?? Number.NaN) * 1000
  const pause = Number.isFinite(asked) ? asked : 500 * 2 ** attempt
  return pause <= LONGEST_PAUSE_MS ? pause : undefined
}

function unreachable({ server, again }: Base, error: unknown): CommandFailure {
  const reason = reasonOf(error)
  // What fetch says of https://fetch.spec.whatwg.org/#port-blocking, before it sends anything.
  if (reason === 'bad port')
    return new CommandFailure(
      `${server} cannot be used: port ${new URL(server).port} is one that browsers and fetch refuse to connect to`,
      { hint: 'let the service listen on another port (its setting PORT, e.g. 8080), and name that one', cause: error },
    )
  return new CommandFailure(`${server} cannot be reached: ${reason}`, {
    hint: `start the service with "${again('serve')}", or name another one with --server or O2IMS_SERVER`,
    retryable: true,
    cause: error,
  })
}

/** fetch hides what happened in the cause, an AggregateError where a name has several addresses. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'no answer within the time limit'
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return error.cause === undefined ? error.message : reasonOf(error.cause)
}

/** The address of a service as it was given, without what we do not send: user, password, query. Throws a CommandFailure when it is none. */
export function serverOf(server: string): string {
  const url = URL.canParse(server) ? new URL(server) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new CommandFailure(`"${server}" is not the address of a service`, {
      hint: 'write it like http://127.0.0.1:8080',
    })
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}

/** Undefined when it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
