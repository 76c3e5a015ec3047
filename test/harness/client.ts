import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { createParser } from 'eventsource-parser'

/** What a test sees of an answer. */
export interface Answer {
  status: number
  headers: Headers
  // The tests assert on the shape themselves.
  // biome-ignore lint/suspicious/noExplicitAny: answers of every route pass through here
  body: any
}

/** One HTTP call as a client makes it. */
export async function call(
  url: string,
  method = 'GET',
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    signal: AbortSignal.timeout(60_000),
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await answer.text()
  const json = /[/+]json\b/.test(answer.headers.get('content-type') ?? '') && text !== ''
  return { status: answer.status, headers: answer.headers, body: json ? JSON.parse(text) : text }
}

/** The status of a GET under a Host name of the caller's choice, which fetch does not allow. */
export async function statusUnder(host: string, url: string): Promise<number | undefined> {
  const [answer]: IncomingMessage[] = await once(get(url, { headers: { host } }), 'response')
  answer?.resume()
  return answer?.statusCode
}

export interface SeenEvent {
  id: string | undefined
  event: string
  // biome-ignore lint/suspicious/noExplicitAny: as above
  data: any
  /** performance.now() when it arrived. */
  at: number
}

/** Follows an event stream until `end` (or the signal), over as many connections as it takes, each to what `url` says then; calls `onEvent` for each. */
export async function follow(
  url: string | (() => string),
  signal: AbortSignal,
  onEvent: (event: SeenEvent) => void = () => undefined,
): Promise<SeenEvent[]> {
  const seen: SeenEvent[] = []
  let lastEventId: string | undefined
  let ended = false
  const parser = createParser({
    onEvent: ({ id, event, data }) => {
      const one = { id, event: event ?? 'message', data: JSON.parse(data), at: performance.now() }
      lastEventId = id ?? lastEventId
      seen.push(one)
      onEvent(one)
      if (event === 'end') ended = true
    },
  })
  while (!ended && !signal.aborted) {
    try {
      const headers = { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) }
      const answer = await fetch(typeof url === 'string' ? url : url(), { headers, signal })
      if (answer.status === 404) return seen
      if (answer.status === 503) throw new TypeError('not now')
      const decoder = new TextDecoder()
      for await (const chunk of answer.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }))
      parser.reset()
    } catch (error) {
      if (signal.aborted) break
      if (!(error instanceof TypeError)) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  return seen
}

/** Follows a request to the end of its event stream and reads it. */
export async function toTheEnd(base: string, id: string, timeoutMs = 60_000): Promise<Answer> {
  const url = `${base}/o2ims/v1/provisioningRequests/${id}`
  await follow(`${url}/events`, AbortSignal.timeout(timeoutMs))
  return call(url)
}
