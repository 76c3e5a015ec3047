import { setTimeout as sleep } from 'node:timers/promises'
import { CommandFailure, refusal } from './failure.ts'
import { problemSchema } from './wire.ts'

const TIME_LIMIT_MS = 30_000
const ATTEMPTS = 3
const LONGEST_PAUSE_MS = 10_000
const LARGEST_ANSWER = 64 * 1024 * 1024

export interface Call {
  method?: 'GET' | 'POST' | 'DELETE'
  body?: unknown
  accept?: string
  timeLimitMs?: number
  /** The same call again does no harm: repeated when the service is not available for a moment. */
  repeatable?: boolean
}

export interface Answer {
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

/** `server` is the address of the service, e.g. http://127.0.0.1:8080. Throws a CommandFailure when it is none. */
export function createHttp({ server }: { server: string }): Http {
  const base = baseOf(server)
  return {
    server: base,
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
      const response = await reach(base, `${base}${path}`, { signal, headers })
      if (!response.ok) throw await refused(response)
      return response
    },
  }
}

async function once(base: string, path: string, { method = 'GET', body, accept, timeLimitMs }: Call): Promise<Answer> {
  const response = await reach(base, `${base}${path}`, {
    method,
    redirect: 'error',
    signal: AbortSignal.timeout(timeLimitMs ?? TIME_LIMIT_MS),
    headers: {
      accept: `${accept ?? 'application/json'}, application/problem+json`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw await refused(response)
  return { headers: response.headers, text: await textOf(response, base) }
}

async function reach(base: string, url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (error) {
    throw unreachable(base, error)
  }
}

async function textOf(response: Response, base: string): Promise<string> {
  if (Number(response.headers.get('content-length') ?? 0) > LARGEST_ANSWER)
    throw new CommandFailure(`the answer of ${base} is larger than ${LARGEST_ANSWER} bytes`)
  try {
    return await response.text()
  } catch (error) {
    throw unreachable(base, error)
  }
}

async function refused(response: Response): Promise<CommandFailure> {
  const text = await textOf(response, response.url)
  const problem = problemSchema.safeParse(parseJson(text))
  const failure = problem.success
    ? refusal({ ...problem.data, status: response.status })
    : refusal({
        title: `HTTP ${response.status} ${response.statusText}, not an answer of o2ims`,
        status: response.status,
      })
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

function unreachable(base: string, error: unknown): CommandFailure {
  return new CommandFailure(`${base} cannot be reached: ${reasonOf(error)}`, {
    hint: 'start the service with "o2ims serve", or name another one with --server or O2IMS_SERVER',
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

function baseOf(server: string): string {
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
