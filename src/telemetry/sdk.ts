import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import type { TraceSettings } from './settings.ts'
import { createSpanFile } from './span-file.ts'

/** A receiver that is away is told of once in so long; what it misses is lost. */
const COMPLAIN_MS = 60_000
/** A stop does not wait for a receiver that is away. */
const LAST_SPANS_MS = 2_000
const LONGEST_ATTRIBUTE = 1024

/** Makes this process trace. At most 2,048 spans wait to be sent; more are lost. */
export function startSdk({ tracesUrl, tracesShare, tracesFile }: TraceSettings, log: Logger): () => Promise<void> {
  let complained = Number.NEGATIVE_INFINITY
  setGlobalErrorHandler((error) => {
    if (performance.now() - complained < COMPLAIN_MS) return
    complained = performance.now()
    const reason = typeof error === 'string' ? error : error.message
    log.warn({ reason }, 'traces cannot be delivered at this moment')
  })
  const exporters: SpanExporter[] = []
  if (tracesUrl !== undefined) exporters.push(new OTLPTraceExporter({ url: tracesUrl }))
  if (tracesFile !== undefined) exporters.push(createSpanFile(tracesFile))
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'o2ims' }).merge(detectResources({ detectors: [envDetector] })),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(tracesShare) }),
    spanLimits: { attributeValueLengthLimit: LONGEST_ATTRIBUTE },
    spanProcessors: exporters.map((exporter) => new BatchSpanProcessor({ exporter, scheduledDelayMillis: 1_000 })),
  })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(provider)
  return () => orLate(provider.shutdown(), log)
}

async function orLate(ended: Promise<void>, log: Logger): Promise<void> {
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, LAST_SPANS_MS)
  const told = ended.catch((error: unknown) => log.warn({ reason: messageOf(error) }, 'the last traces are lost'))
  await Promise.race([told, late.promise]).finally(() => clearTimeout(timer))
}
