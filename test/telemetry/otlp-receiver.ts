import { randomBytes } from 'node:crypto'
import type { JsonObject } from '../../src/json.ts'
import { type HttpPeer, startPeer } from '../harness/http-peer.ts'

export interface SeenSpan {
  traceId: string
  spanId: string
  /** '' of a span that begins a trace. */
  parentSpanId: string
  name: string
  /** As OTLP numbers them: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number
  failed: boolean
  attributes: JsonObject
}

interface ExportRequest {
  resourceSpans: {
    scopeSpans: {
      spans: (Omit<SeenSpan, 'attributes' | 'failed'> & {
        status: { code?: number }
        attributes: { key: string; value: JsonObject }[]
      })[]
    }[]
  }[]
}

/** Where traces are sent, as a collector would take them: OTLP over HTTP as JSON. */
export interface OtlpReceiver {
  url: string
  /** Everything that came, as text. */
  text(): string
  spans(): SeenSpan[]
  close(): Promise<void>
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const peer: HttpPeer = await startPeer((response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  const traces = () => peer.requests.filter(({ path }) => path === '/v1/traces').map(({ body }) => body)
  return {
    url: peer.url,
    text: () => peer.requests.map(({ headers, body }) => JSON.stringify(headers) + body).join('\n'),
    spans: () => traces().flatMap(spansIn),
    close: peer.close,
  }
}

/** The spans in one request to a receiver, or in one line of a file. */
export function spansIn(text: string): SeenSpan[] {
  const { resourceSpans }: ExportRequest = JSON.parse(text)
  const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
  return spans.map(({ traceId, spanId, parentSpanId = '', name, kind, status, attributes }) => ({
    traceId,
    spanId,
    parentSpanId,
    name,
    kind,
    failed: status.code === 2,
    attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0] ?? null])),
  }))
}

export function childrenOf(parent: SeenSpan | undefined, spans: SeenSpan[]): SeenSpan[] {
  return spans.filter(({ parentSpanId }) => parent !== undefined && parentSpanId === parent.spanId)
}

/** What a client that traces sends along, and its ids. */
export function clientSpan(flags = '01') {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')]
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-${flags}` } }
}
