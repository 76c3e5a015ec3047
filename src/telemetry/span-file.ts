import { appendFile } from 'node:fs/promises'
import { ExportResultCode } from '@opentelemetry/core'
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer'
import type { SpanExporter } from '@opentelemetry/sdk-trace'

/** Appends spans to a file as the file format of OpenTelemetry has it: each line is what a receiver would have got in one request. */
export function createSpanFile(path: string): SpanExporter {
  let written = Promise.resolve()
  return {
    export(spans, done) {
      const line = Buffer.concat([JsonTraceSerializer.serializeRequest(spans) ?? Buffer.alloc(0), Buffer.from('\n')])
      written = written
        .then(() => appendFile(path, line, { mode: 0o600 }))
        .then(
          () => done({ code: ExportResultCode.SUCCESS }),
          (error: Error) => done({ code: ExportResultCode.FAILED, error }),
        )
    },
    forceFlush: () => written,
    shutdown: () => written,
  }
}
