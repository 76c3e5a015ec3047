import { context, propagation, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { ServiceError } from '../errors.ts'

/** Until tracing.ts has started the SDK, and for ever when it does not, all of this is the API's own nothing. */
const tracer = trace.getTracer('o2ims')

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
}

/** Never a secret, and no words of others: what is traced leaves the house. */
export type SpanAttributes = Record<string, string | number | boolean | undefined>

export interface SpanOptions {
  kind?: keyof typeof KINDS
  attributes?: SpanAttributes
  /** W3C traceparent of what asked for this, maybe in another process; '' for a trace of its own. Absent: the span that we are in. */
  parent?: string
}

/** Runs work inside of a span, which ends with it. Of an error it keeps the code, never the words. */
export function inSpan<T>(name: string, options: SpanOptions, work: () => Promise<T>): Promise<T> {
  const { kind = 'internal', attributes = {}, parent } = options
  const within = parent === undefined ? context.active() : contextOf({ traceparent: parent })
  return tracer.startActiveSpan(name, { kind: KINDS[kind], attributes }, within, async (span) => {
    try {
      return await work()
    } catch (error) {
      markFailed(span, error instanceof ServiceError ? error.code : nameOf(error))
      throw error
    } finally {
      span.end()
    }
  })
}

/** Says more about the span that we are in. `error.type` makes it one that failed. */
export function annotate(attributes: SpanAttributes): void {
  const span = trace.getActiveSpan()
  const { 'error.type': failure, ...others } = attributes
  span?.setAttributes(others)
  if (span && typeof failure === 'string') markFailed(span, failure)
}

/** A span whose end comes with an event, not with a promise. */
export interface OpenSpan {
  /** What is called in there, and all that follows from it, is inside of the span. */
  within(call: () => void): void
  end(attributes: SpanAttributes): void
}

/** The span of an answer. Its parent is what the client's headers name (W3C Trace Context). */
export function openServerSpan(name: string, headers: object, attributes: SpanAttributes): OpenSpan {
  const parent = contextOf(headers)
  const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent)
  const inside = trace.setSpan(parent, span)
  return {
    within: (call) => context.with(inside, call),
    end({ 'error.type': failure, ...others }) {
      span.setAttributes(others)
      if (typeof failure === 'string') markFailed(span, failure)
      span.end()
    },
  }
}

/** `traceparent` and `tracestate` of the span that we are in, for whoever goes on with it; empty while nothing is traced. */
export function traceHeaders(): { traceparent?: string; tracestate?: string } {
  const headers = {}
  propagation.inject(context.active(), headers)
  return headers
}

/** What a log line says of the span that it was written in. */
export function traceIds(): { trace_id?: string; span_id?: string } {
  const span = trace.getActiveSpan()?.spanContext()
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {}
}

const contextOf = (headers: object) => propagation.extract(ROOT_CONTEXT, headers)

function markFailed(span: Span, type: string): void {
  span.setAttribute('error.type', type)
  span.setStatus({ code: SpanStatusCode.ERROR })
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'error')
