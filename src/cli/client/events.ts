import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { requestPath } from './api.ts'
import { CommandFailure } from './failure.ts'
import type { Http } from './http.ts'
import { pause } from './pause.ts'
import { parseEvent, type WireEvent } from './wire.ts'

/** Heartbeats come far more often: a connection that is quiet for so long is dead. */
const SILENCE_MS = 60_000
/** For so long a service that is away is waited for, e.g. while it is restarted. */
const AWAY_MS = 120_000
/** A connection that lasted so long counts as a good one, though no event came. */
const LASTING_MS = 5_000
const LARGEST_EVENT = 8 * 1024 * 1024

/** What a reader of the stream sees: the events, and that the connection went and came back. */
export type Followed = WireEvent | { event: 'lost'; reason: string } | { event: 'back' }

/**
 * The events of a request until `end`, over as many connections as it takes: each new one goes on after the last event that was seen.
 * Rejects with a CommandFailure when the service refuses, or is away for two minutes. Ends quietly when the signal aborts.
 */
export async function* followEvents(http: Http, id: string, signal: AbortSignal): AsyncGenerator<Followed> {
  let lastEventId: string | undefined
  let away = { since: Date.now(), tries: 0, told: false }
  while (!signal.aborted) {
    let connectedAt = Number.POSITIVE_INFINITY
    try {
      for await (const message of connect(http, id, lastEventId, signal)) {
        if (away.told) yield { event: 'back' }
        away.told = false
        connectedAt = Math.min(connectedAt, Date.now())
        if (message === 'connected') continue
        away.tries = 0
        lastEventId = message.id ?? lastEventId
        yield message.followed
        if (message.followed.event === 'end') return
      }
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof CommandFailure) || !error.retryable) throw error
      if (!away.told) yield { event: 'lost', reason: error.message }
      away.told = true
      if (away.tries > 0 && Date.now() - away.since > AWAY_MS) throw error
    }
    if (Date.now() - connectedAt > LASTING_MS) away.tries = 0
    if (away.tries === 0) away = { ...away, since: Date.now() }
    away.tries += 1
    await pause(Math.min(250 * 2 ** away.tries, 5_000) * (0.5 + Math.random() / 2), signal)
  }
}

interface Message {
  id: string | undefined
  followed: WireEvent
}

/** One connection, until it closes. */
async function* connect(
  http: Http,
  id: string,
  lastEventId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Message | 'connected'> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(new Error(`nothing came for ${SILENCE_MS / 1000} s`)), SILENCE_MS)
  try {
    const response = await http.open(`${requestPath(id)}/events`, {
      signal: AbortSignal.any([signal, silence.signal]),
      headers: { accept: 'text/event-stream', ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
    })
    yield 'connected'
    const ready: Message[] = []
    const parser = createParser({
      maxBufferSize: LARGEST_EVENT,
      onEvent(message) {
        const followed = readEvent(message)
        if (followed) ready.push({ id: message.id, followed })
      },
    })
    const decoder = new TextDecoder()
    for await (const chunk of chunks(response, http)) {
      timer.refresh()
      parser.feed(decoder.decode(chunk, { stream: true }))
      yield* ready.splice(0)
    }
  } finally {
    clearTimeout(timer)
  }
}

async function* chunks(response: Response, http: Http): AsyncGenerator<Uint8Array> {
  try {
    yield* response.body ?? []
  } catch (error) {
    throw new CommandFailure(`the connection to ${http.server} broke off`, { retryable: true, cause: error })
  }
}

function readEvent(message: EventSourceMessage): WireEvent | undefined {
  try {
    return parseEvent(message.event, message.data)
  } catch (error) {
    throw new CommandFailure(`an event "${message.event}" that cannot be read`, {
      hint: 'is this o2ims of another version than the service?',
      cause: error,
    })
  }
}
