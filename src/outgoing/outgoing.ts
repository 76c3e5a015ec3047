import type { Agent, Dispatcher } from 'undici'
import { ServiceError } from '../errors.ts'
import { orAborted } from '../or-aborted.ts'
import { traceHeaders } from '../telemetry/spans.ts'
import type { Agents } from './agents.ts'
import { createCallbackRules } from './callback-rules.ts'
import { type Failure, failureOf } from './failure.ts'
import { createResolver, type Resolve } from './resolver.ts'
import { retryAfterOf } from './retry-after.ts'
import type { OutgoingSettings } from './settings.ts'
import { createTokens, type Tokens } from './tokens.ts'

/** What became of a request. A failure may have reached the other side all the same. */
export type Outcome =
  | { accepted: true; status: number }
  | (Failure & {
      accepted: false
      status?: number
      /** Seconds, a day at most. */
      retryAfter?: number
    })

export interface Sending {
  headers?: Record<string, string>
  /** Ends the exchange: it rejects with the signal's reason. */
  signal?: AbortSignal
  /** The URL comes from a setting of this service and not from a client: the rules for callbacks do not bind it. */
  configured?: boolean
}

/** The one client for what this service sends to others: with a time limit on each exchange, bounds on what is read, a token and our certificate where they are configured. */
export interface Outgoing {
  /** Sends JSON text. Only 2xx is accepted; a redirect is not followed. Rejects only when the signal aborts. */
  post(url: string, json: string, options?: Sending): Promise<Outcome>
  /**
   * Whether that URL may be called because a client asks for it; with CALLBACK_TEST also whether a GET is answered with 204 there (SOL 015 5.9).
   * Rejects with INVALID_ARGS or CALLBACK_FAILED at `/callback`.
   */
  acceptCallback(url: string, signal?: AbortSignal): Promise<void>
  /** Ends what is under way. */
  close(): Promise<void>
}

/** What is read of an answer before the connection is cut. */
const LARGEST_ANSWER = 64 * 1024

/** `resolve`: how names become addresses. */
export function createOutgoing({
  settings,
  resolve = createResolver(),
}: {
  settings: OutgoingSettings
  resolve?: Resolve
}): Outgoing {
  const timeoutMs = settings.outgoingTimeoutSeconds * 1000
  const rules = createCallbackRules(settings)
  let made: Promise<Agents> | undefined
  const agents = () => {
    made ??= import('./agents.ts').then(({ createAgents }) => createAgents(settings, rules, resolve))
    return made
  }
  const tokens = createTokens(async () => (await agents()).forConfigured, settings)
  const closing = new AbortController()

  /** Any status resolves: it decides, whatever becomes of the rest of the answer. */
  async function exchange(agent: Agent, request: Request, authorization?: string): Promise<Answer> {
    const { origin, pathname, search } = new URL(request.url)
    const { statusCode, headers, body } = await agent.request({
      origin,
      path: pathname + search,
      method: request.method,
      headers: {
        ...traceHeaders(),
        ...request.headers,
        accept: 'application/json',
        'user-agent': 'o2ims',
        ...(authorization !== undefined && { authorization }),
        ...(request.body !== undefined && { 'content-type': 'application/json' }),
      },
      body: request.body ?? null,
      signal: request.signal,
    })
    await body.dump({ limit: LARGEST_ANSWER })
    return { status: statusCode, retryAfter: retryAfterOf(headers['retry-after']) }
  }

  async function withToken(agent: Agent, request: Request, source: Tokens): Promise<Answer> {
    const token = await orAborted(source.current(), request.signal)
    const answer = await exchange(agent, request, `Bearer ${token}`)
    if (answer.status !== 401) return answer
    // It may have been revoked before its time: one more try with a fresh one
    source.forget(token)
    return exchange(agent, request, `Bearer ${await orAborted(source.current(), request.signal)}`)
  }

  async function send(request: Omit<Request, 'signal' | 'headers'>, options: Sending): Promise<Outcome> {
    const { signal, configured = false, headers = {} } = options
    signal?.throwIfAborted()
    const fault = configured ? undefined : rules.faultOfUrl(request.url)
    if (fault !== undefined) return { accepted: false, kind: 'rules', reason: fault }
    const limit = AbortSignal.timeout(timeoutMs)
    const any = AbortSignal.any([closing.signal, limit, ...(signal ? [signal] : [])])
    const bounded = { ...request, headers, signal: any }
    try {
      const { forConfigured, forCallbacks } = await agents()
      const agent = configured ? forConfigured : forCallbacks
      return outcomeOf(await (tokens ? withToken(agent, bounded, tokens) : exchange(agent, bounded)))
    } catch (error) {
      signal?.throwIfAborted()
      if (!limit.aborted) return { accepted: false, ...failureOf(error) }
      return { accepted: false, kind: 'time', reason: `did not answer within ${settings.outgoingTimeoutSeconds} s` }
    }
  }

  return {
    post: (url, json, options = {}) => send({ method: 'POST', url, body: json }, options),
    async acceptCallback(url, signal) {
      const fault = rules.faultOfUrl(url)
      if (fault !== undefined) throw refusal('INVALID_ARGS', fault)
      if (!settings.callbackTest) return
      const outcome = await send({ method: 'GET', url }, { ...(signal && { signal }) })
      if (outcome.status === 204) return
      const reason = outcome.accepted ? `answered ${outcome.status}` : outcome.reason
      throw refusal('CALLBACK_FAILED', `${reason}; a GET must be answered with 204 there`)
    },
    async close() {
      closing.abort(new Error('the service stops'))
      const opened = await made
      await Promise.all([opened?.forCallbacks.destroy(), opened?.forConfigured.destroy()])
    },
  }
}

interface Request {
  method: Dispatcher.HttpMethod
  url: string
  headers: Record<string, string>
  body?: string
  signal: AbortSignal
}

interface Answer {
  status: number
  retryAfter: number | undefined
}

function outcomeOf({ status, retryAfter }: Answer): Outcome {
  if (status >= 200 && status < 300) return { accepted: true, status }
  const kind = 'status' as const
  return {
    accepted: false,
    kind,
    reason: `answered ${status}`,
    status,
    ...(retryAfter !== undefined && { retryAfter }),
  }
}

function refusal(code: 'INVALID_ARGS' | 'CALLBACK_FAILED', message: string): ServiceError {
  return new ServiceError(code, `callback ${message}`, { fields: [{ pointer: '/callback', message }] })
}
