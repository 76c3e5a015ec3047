import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { createHttpApp } from './http/app.ts'
import { healthOperations } from './http/health.ts'
import { metricsOperation } from './http/metrics.ts'
import type { Metrics } from './telemetry/metrics.ts'

export interface WorkerAppParts {
  metrics: Metrics
  /** Rejects while the worker cannot do its work. */
  ready: () => Promise<void>
  log: Logger
}

/** What a worker without the API answers: whether it lives, whether it can work, and how it does. */
export function createWorkerApp({ metrics, ready, log }: WorkerAppParts): Promise<FastifyInstance> {
  const operations = [...healthOperations(ready), metricsOperation(metrics)]
  return createHttpApp({ operations, versioned: [], metrics, log, settings: {} })
}
