import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { ServiceError } from '../../src/errors.ts'
import { createHttpApp } from '../../src/http/app.ts'
import { createEventStreams, type EventStreams, type ServerSentEvent } from '../../src/http/event-stream.ts'
import { openApiDocument } from '../../src/http/openapi.ts'
import { noBody, none, type Operation, operation } from '../../src/http/operation.ts'
import type { HttpSettings } from '../../src/http/settings.ts'
import type { VersionedApi } from '../../src/http/versions.ts'
import { silentLog } from '../harness/redis.ts'

export const BODY_LIMIT = 100_000

export interface ToyApp {
  url: string
  port: number
  app: FastifyInstance
  streams: EventStreams
  /** Bodies that reached the handler. */
  received: unknown[]
  close(): Promise<void>
}

export interface ToyOptions {
  settings?: Partial<HttpSettings>
  /** What `/stream` sends. */
  events?: (signal: AbortSignal) => AsyncIterable<ServerSentEvent>
  /** Beside the toys. */
  operations?: Operation[]
  versioned?: VersionedApi[]
  /** What `/slow` waits for, and `/stream` before it opens. */
  slow?: () => Promise<void>
}

/** The HTTP side on a random port, with operations that do next to nothing: what is tested is everything around them. */
export async function startToyApp(options: ToyOptions = {}): Promise<ToyApp> {
  const { settings, events = nothing, slow, versioned = [] } = options
  const heartbeatSeconds = settings?.heartbeatSeconds ?? 15
  const streams = createEventStreams({ heartbeatSeconds, max: settings?.maxEventStreams ?? 10 })
  const received: unknown[] = []
  const toys = toyOperations(received, streams, events, slow ?? (async () => undefined))
  const operations = [...toys, ...(options.operations ?? [])]
  const app = await createHttpApp({
    operations,
    versioned,
    document: () => openApiDocument(operations, { title: 'toys', version: '1' }, []),
    streams,
    log: silentLog(),
    settings: { bodyLimitBytes: BODY_LIMIT, ...settings },
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port, app, streams, received, close: () => app.close() }
}

async function* nothing(): AsyncIterable<ServerSentEvent> {
  yield { id: '1-0', event: 'end', data: {} }
}

function toyOperations(
  received: unknown[],
  streams: EventStreams,
  events: (signal: AbortSignal) => AsyncIterable<ServerSentEvent>,
  slow: () => Promise<void>,
): Operation[] {
  const common = { tag: 'Toys', summary: 'A toy', params: none, query: none, body: noBody } as const
  const ok = { 200: { description: 'Yes.', body: z.strictObject({ ok: z.boolean() }) } }
  return [
    operation({
      ...common,
      method: 'POST',
      path: '/toys',
      operationId: 'createToy',
      body: z.strictObject({
        name: z.string(),
        size: z.int().min(1).optional(),
        parts: z.record(z.string(), z.unknown()).optional(),
      }),
      answers: ok,
      async handle({ body }) {
        received.push(body)
        return { status: 200, body: { ok: true, secret: 'never declared' } }
      },
    }),
    operation({
      ...common,
      method: 'GET',
      path: '/toys/{toyId}',
      operationId: 'getToy',
      params: z.strictObject({ toyId: z.string().max(200) }),
      query: z.strictObject({ big: z.enum(['true', 'false']).optional() }),
      answers: ok,
      async handle({ params }) {
        if (params.toyId === 'broken') throw new Error('password=hunter2')
        if (params.toyId === 'away') throw new ServiceError('UNAVAILABLE', 'not now', { retryAfter: 7 })
        return { status: 200, body: { ok: true } }
      },
    }),
    operation({
      ...common,
      method: 'GET',
      path: '/slow',
      operationId: 'getSlow',
      answers: ok,
      async handle() {
        await slow()
        return { status: 200, body: { ok: true } }
      },
    }),
    operation({
      ...common,
      method: 'GET',
      path: '/stream',
      operationId: 'getStream',
      head: false,
      answers: { 200: { description: 'Events.', text: { 'text/event-stream': '' } } },
      async handle({ reply }) {
        await slow()
        await streams.send(reply, events)
        return undefined
      },
    }),
  ]
}
