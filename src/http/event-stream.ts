import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { ServiceError } from '../errors.ts'

/** A client that takes nothing for this long is cut off; it comes back with Last-Event-ID. */
const STALL_MS = 30_000

export interface ServerSentEvent {
  id: string
  event: string
  data: unknown
}

/** Holds all open event streams, so that a shutdown can end them. */
export interface EventStreams {
  /**
   * Answers with Server-Sent Events until `open` has no more, the client goes or the service stops. One event is asked for at a time, and only
   * when the client has taken the one before. UNAVAILABLE when too many streams are open.
   */
  send(reply: FastifyReply, open: (signal: AbortSignal) => AsyncIterable<ServerSentEvent>): Promise<void>
  /** The same for lines of JSON (application/x-ndjson). A quiet stream gets lines that `stillHere` makes. */
  sendLines(
    reply: FastifyReply,
    open: (signal: AbortSignal) => AsyncIterable<string>,
    stillHere: () => string,
  ): Promise<void>
  /** How many there are. */
  open(): number
  /** Ends every stream, without an `end` event, and refuses new ones. */
  close(): void
}

export function createEventStreams({ heartbeatSeconds, max }: { heartbeatSeconds: number; max: number }): EventStreams {
  const streams = new Set<AbortController>()
  let closed = false

  async function stream<T>(reply: FastifyReply, open: (signal: AbortSignal) => AsyncIterable<T>, format: Format<T>) {
    if (closed || streams.size >= max)
      throw new ServiceError('UNAVAILABLE', closed ? 'the service stops' : 'too many event streams are open', {
        retryAfter: 2,
      })
    const stop = new AbortController()
    // A client that went while the request was being looked up has had its 'close' already
    if (reply.raw.destroyed) return
    const response = takeOver(reply, format.type)
    streams.add(stop)
    response.on('close', () => stop.abort())
    const heartbeat = setInterval(() => {
      if (!response.writableNeedDrain) response.write(format.stillHere())
    }, heartbeatSeconds * 1000)
    try {
      for await (const event of open(stop.signal)) {
        if (stop.signal.aborted) break
        await write(response, format.frame(event), stop.signal)
      }
      response.end()
    } catch (error) {
      if (!stop.signal.aborted) logBreak(reply, error)
      response.destroy()
    } finally {
      clearInterval(heartbeat)
      streams.delete(stop)
      stop.abort()
    }
  }

  return {
    send: (reply, open) => stream(reply, open, EVENTS),
    sendLines: (reply, open, stillHere) =>
      stream(reply, open, {
        type: 'application/x-ndjson; charset=utf-8',
        frame: (line) => `${line}\n`,
        stillHere: () => `${stillHere()}\n`,
      }),
    open: () => streams.size,
    close() {
      closed = true
      for (const stream of streams) stream.abort()
    },
  }
}

/** How what is sent looks on the wire. */
interface Format<T> {
  type: string
  frame(item: T): string
  stillHere(): string
}

const EVENTS: Format<ServerSentEvent> = {
  type: 'text/event-stream; charset=utf-8',
  frame,
  stillHere: () => ': still here\n\n',
}

function takeOver(reply: FastifyReply, type: string): ServerResponse {
  reply.hijack()
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) reply.raw.setHeader(name, value)
  reply.raw.writeHead(200, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  reply.raw.flushHeaders()
  return reply.raw
}

function frame({ id, event, data }: ServerSentEvent): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}

/** What we know how to name (the store is away, the request is gone) is no fault of this service. */
function logBreak(reply: FastifyReply, error: unknown): void {
  const requestId = reply.request.id
  if (error instanceof ServiceError)
    reply.log.warn({ requestId, code: error.code, cause: error.message }, 'an event stream broke off')
  else reply.log.error({ requestId, err: error }, 'an event stream broke off')
}

async function write(response: ServerResponse, text: string, stopped: AbortSignal): Promise<void> {
  if (response.write(text)) return
  const stalled = AbortSignal.timeout(STALL_MS)
  await once(response, 'drain', { signal: AbortSignal.any([stopped, stalled]) }).catch((cause) => {
    if (!stalled.aborted) throw cause
    throw new ServiceError('UNAVAILABLE', `the client took nothing for ${STALL_MS / 1000} s`, { cause })
  })
}
