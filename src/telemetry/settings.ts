import { z } from 'zod'

const only = (value: string, what: string) =>
  z
    .literal(value, { error: `${what}; leave it out` })
    .optional()
    .meta({ description: `May only be \`${value}\`: another value is refused.`, shown: `\`${value}\`` })

/** The settings of traces, by the names that OpenTelemetry gives them. Its other variables for the sender (headers, certificates, time limit) hold as well. */
export const TELEMETRY_SETTINGS = {
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
    .optional()
    .meta({
      description: 'Where traces are sent: OTLP over HTTP as JSON, to `/v1/traces` below it.',
      shown: 'none: nothing is traced',
    }),
  OTEL_EXPORTER_OTLP_PROTOCOL: only('http/json', 'only http/json is spoken here'),
  OTEL_TRACES_EXPORTER: z
    .enum(['otlp', 'none'], { error: 'must be otlp or none' })
    .default('otlp')
    .describe('With `none` no traces are sent although there is an endpoint.'),
  OTEL_TRACES_SAMPLER: only('parentbased_traceidratio', 'traces are sampled by parentbased_traceidratio here'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number({ error: 'must be a number from 0 to 1' })
    .min(0, 'must be a number from 0 to 1')
    .max(1, 'must be a number from 0 to 1')
    .default(1)
    .describe('Share of the traces that begin here which are kept; one that a client began follows its flag.'),
  TRACES_FILE: z.string().optional().meta({
    description: 'File to which traces are appended, as lines of OTLP JSON. Nothing shortens it.',
    shown: 'none',
  }),
}

export interface TraceSettings {
  /** The receiver's address, `/v1/traces` included; none is sent to when absent. */
  tracesUrl: string | undefined
  /** Share of new traces that are kept, 0 to 1. */
  tracesShare: number
  tracesFile: string | undefined
}

/** Where spans are sent: as OpenTelemetry has it, the path of their sort is added to the address. */
export function tracesUrl(env: {
  OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined
  OTEL_TRACES_EXPORTER: 'otlp' | 'none'
}): string | undefined {
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT
  if (endpoint === undefined || env.OTEL_TRACES_EXPORTER === 'none') return undefined
  return `${endpoint.replace(/\/$/, '')}/v1/traces`
}
