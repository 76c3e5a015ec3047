import type { Readable } from 'node:stream'
import type { Logger } from 'pino'
import { messageOf, ServiceError } from '../../errors.ts'
import type { KindRef, WatchEvent, WatchOptions } from '../cluster.ts'
import { numberAt, stringAt } from '../fields.ts'
import { pause } from '../pause.ts'
import { plainWords } from '../status.ts'
import type { Unserved } from './address.ts'
import { type Connection, jsonOf, type Timeouts, textOf } from './connection.ts'
import { listObjects, objectOf } from './list.ts'
import { createReach } from './reach.ts'
import { isUnknownKind, refusalOf } from './refusal.ts'
import { watchLines } from './watch-stream.ts'

export interface WatchParts {
  connection: Connection
  /** The collection's path; asked of the server, so it may fail like any call. */
  locate(): Promise<string>
  unserved: Unserved
  query: Record<string, string | undefined>
  kind: KindRef
  timeouts: Timeouts
  options: WatchOptions
  log: Logger
  signal: AbortSignal
}

/** The server no longer has the history from there on: list again. */
const EXPIRED = Symbol('expired')
/** The server has taken up the watch. */
const OPEN = Symbol('open')
/** It has said nothing for so long that it may hang. Not all do: one sends no bookmarks for a kind of which nothing has ever changed. */
const SILENT = Symbol('silent')

/**
 * List, then watch, for ever. A watch that the server ends (it does, every few minutes) or that breaks goes on at the last resourceVersion or
 * bookmark that was seen, without a listing; only when the server no longer has that history is everything listed again, between RESYNC and SYNCED.
 * Written because of trap 10: client-node's watches end after 30 quiet seconds, ask for no bookmarks, and stop at a refused connection.
 */
export async function* watchObjects(parts: WatchParts): AsyncGenerator<WatchEvent> {
  const { query, kind, timeouts, log, signal } = parts
  const retry = createRetry(timeouts)
  const reach = createReach(parts.options.onReach)
  let from: string | undefined
  let path = ''
  let listed = false
  for (;;) {
    signal.throwIfAborted()
    try {
      if (from === undefined) {
        path = await parts.locate()
        const listing = await listObjects(parts, path, query, signal)
        reach.answered()
        if (listed) yield { type: 'RESYNC' }
        for (const object of listing.objects) yield { type: 'ADDED', object }
        yield { type: 'SYNCED' }
        from = listing.resourceVersion
        listed = true
      }
      retry.begin()
      for await (const event of oneWatch(parts, path, from)) {
        if (event === EXPIRED) {
          log.info({ kind: kind.kind, path }, 'the API server has no history from there on: listing again')
          from = undefined
          break
        }
        if (event === OPEN) {
          reach.answered()
          parts.options.onOpen?.()
          continue
        }
        if (event === SILENT) {
          reach.failed('the API server says nothing')
          break
        }
        if (event.resourceVersion !== undefined) {
          retry.progressed()
          from = event.resourceVersion
        }
        if (event.tell !== undefined) yield event.tell
      }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof ServiceError && error.code !== 'UNAVAILABLE') throw error
      if (parts.connection.closed) {
        throw new ServiceError('UNAVAILABLE', `The watch of ${kind.kind} ended: its connection was closed`, {
          cause: error,
          retryable: true,
        })
      }
      reach.failed(plainWords(error))
      const level = retry.failures() === 0 ? 'warn' : 'debug'
      log[level]({ kind: kind.kind, path, reason: messageOf(error) }, 'a watch broke and will be taken up again')
      await retry.pause(signal)
      continue
    }
    await retry.breathe(signal)
  }
}

interface Step {
  tell?: WatchEvent
  resourceVersion?: string
}

/** One connection, from a resourceVersion until it ends. */
async function* oneWatch(
  parts: WatchParts,
  path: string,
  from: string,
): AsyncGenerator<Step | typeof EXPIRED | typeof OPEN | typeof SILENT> {
  const { connection, query, kind, timeouts, signal } = parts
  const seconds = Math.max(1, Math.round(timeouts.watchSeconds * (0.9 + Math.random() * 0.2)))
  const over = new AbortController()
  // TCP's keep-alive notices a host that is gone; this notices a server that holds the connection and has forgotten us.
  const limit = setTimeout(
    () => over.abort(new Error(`the watch was not ended ${timeouts.watchGraceMs} ms after its time`)),
    seconds * 1000 + timeouts.watchGraceMs,
  )
  const silent = new AbortController()
  let quiet: NodeJS.Timeout | undefined
  let body: Readable | undefined
  try {
    const watching = {
      ...query,
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: `${seconds}`,
      resourceVersion: from,
    }
    const answer = await connection.stream(
      { method: 'GET', path, query: watching },
      AbortSignal.any([signal, over.signal, silent.signal]),
    )
    // What a stream says that is being given up is known already.
    body = answer.body.on('error', () => undefined)
    if (answer.status !== 200) {
      const refused = { status: answer.status, body: jsonOf(await textOf(answer.body)) }
      if (isExpired(refused.status, refused.body)) yield EXPIRED
      else if (isUnknownKind(refused)) throw await parts.unserved(kind, { signal })
      else throw refusalOf(refused, { what: `The watch of ${kind.kind}` })
      return
    }
    yield OPEN
    quiet = setTimeout(() => silent.abort(), timeouts.watchQuietMs)
    for await (const { type, object } of watchLines(answer.body)) {
      quiet.refresh()
      if (type === 'ERROR') {
        const code = numberAt(object, 'code') ?? 500
        if (isExpired(code, object)) yield EXPIRED
        else throw refusalOf({ status: code, body: object }, { what: `The watch of ${kind.kind}` })
        return
      }
      const resourceVersion = stringAt(object, 'metadata', 'resourceVersion')
      if (type === 'BOOKMARK') yield { resourceVersion }
      else if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') {
        yield { tell: { type, object: objectOf(object, kind) }, resourceVersion }
      }
    }
  } catch (error) {
    if (!silent.signal.aborted) throw error
    yield SILENT
  } finally {
    clearTimeout(limit)
    clearTimeout(quiet)
    // A consumer that left, or a stream that was given up: the connection goes with it.
    body?.destroy()
  }
}

/** 410, or a server that was set back to before what we have seen. */
function isExpired(status: number, body: unknown): boolean {
  return status === 410 || /Too large resource version/i.test(stringAt(body, 'message') ?? '')
}

interface Retry {
  /** In a row. */
  failures(): number
  begin(): void
  progressed(): void
  /** After a failure: longer each time, with jitter. */
  pause(signal: AbortSignal): Promise<void>
  /** After an ordinary end: at once, unless such ends come one upon the other. */
  breathe(signal: AbortSignal): Promise<void>
}

const SHORTEST_PAUSE_MS = 100
/** A connection that lived that long did work. */
const LIVED_MS = 500

function createRetry(timeouts: Timeouts): Retry {
  let failures = 0
  let begun = 0
  const pauseLonger = (signal: AbortSignal) => {
    const longest = Math.min(SHORTEST_PAUSE_MS * 2 ** Math.min(failures, 20), timeouts.backoffMs)
    failures += 1
    return pause(longest * (0.5 + Math.random() / 2), signal)
  }
  return {
    failures: () => failures,
    begin() {
      begun = Date.now()
    },
    progressed() {
      failures = 0
    },
    pause: pauseLonger,
    async breathe(signal) {
      if (Date.now() - begun > LIVED_MS) failures = 0
      else await pauseLonger(signal)
    },
  }
}
