import type { Readable } from 'node:stream'
import type { Agent } from 'undici'
import { z } from 'zod'
import { failureOf, TokenFailure } from './failure.ts'
import type { OutgoingSettings } from './settings.ts'

/** Bearer tokens for outgoing requests: OAuth 2.0 client credentials (RFC 6749 4.4). */
export interface Tokens {
  /** Kept until shortly before it expires; fetched by one caller for all. Rejects with TokenFailure. */
  current(): Promise<string>
  /** Somebody was refused with this token: the next one is fetched anew. */
  forget(token: string): void
}

/** RFC 6749 5.1. */
const answerSchema = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]+$/),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.coerce.number().positive().optional(),
})

const LARGEST_ANSWER = 64 * 1024
/** How long a token counts as good that does not say so itself. */
const DEFAULT_LIFETIME_S = 300
/** A token is fetched anew so long before it expires, or in the last tenth of its life when that is shorter. */
const MARGIN_S = 30

interface Token {
  text: string
  /** Milliseconds since 1970. */
  goodUntil: number
}

/** undefined without OAUTH_TOKEN_URL: nothing carries a token then. The address rules for callbacks do not bind the agent. */
export function createTokens(agent: () => Promise<Agent>, settings: OutgoingSettings): Tokens | undefined {
  const { oauthTokenUrl: url, oauthClientId: id, oauthClientSecret: secret, oauthScope: scope } = settings
  if (url === undefined || id === undefined || secret === undefined) return undefined
  const headers = {
    authorization: `Basic ${Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
    'user-agent': 'o2ims',
  }
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope !== undefined && { scope }) })
  const { origin, pathname, search } = new URL(url)
  const request = { origin, path: pathname + search, method: 'POST', headers, body: `${form}` } as const
  let kept: Token | undefined
  let fetching: Promise<Token> | undefined

  async function fetchToken(): Promise<Token> {
    const asked = Date.now()
    const signal = AbortSignal.timeout(settings.outgoingTimeoutSeconds * 1000)
    const answer = await ask(signal).catch((error: unknown) => {
      const reason = signal.aborted ? 'did not answer in time' : failureOf(error).reason
      throw new TokenFailure(`has no token from us: the token server ${reason}`)
    })
    if (answer.status !== 200)
      throw new TokenFailure(`has no token from us: the token server answered ${answer.status}`)
    const parsed = answerSchema.safeParse(answer.body)
    if (!parsed.success) throw new TokenFailure('has no token from us: what the token server answered holds none')
    const { access_token: text, expires_in: lifetime = DEFAULT_LIFETIME_S } = parsed.data
    return { text, goodUntil: asked + (lifetime - Math.min(MARGIN_S, lifetime / 10)) * 1000 }
  }

  async function ask(signal: AbortSignal): Promise<{ status: number; body: unknown }> {
    const { statusCode, body } = await (await agent()).request({ ...request, signal })
    return { status: statusCode, body: await readJson(body) }
  }

  return {
    async current() {
      if (kept !== undefined && kept.goodUntil > Date.now()) return kept.text
      fetching ??= fetchToken().finally(() => {
        fetching = undefined
      })
      kept = await fetching
      return kept.text
    },
    forget(token) {
      if (kept?.text === token) kept = undefined
    },
  }
}

/** As RFC 6749 2.3.1 and its appendix B want both halves of the Basic credentials. */
function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}

/** undefined for what is no JSON, or is too long. */
async function readJson(body: Readable): Promise<unknown> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(Buffer.from(chunk))
    length += chunks.at(-1)?.length ?? 0
    if (length > LARGEST_ANSWER) return undefined
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return undefined
  }
}
