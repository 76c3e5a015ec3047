import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Metrics } from '../telemetry/metrics.ts'
import type { EventStreams } from './event-stream.ts'
import type { Operation } from './operation.ts'
import { answerConnectionError, answerError, installErrors } from './plugins/errors.ts'
import { installGuards } from './plugins/guards.ts'
import { headersFor, installHeaders } from './plugins/headers.ts'
import { installShutdown } from './plugins/shutdown.ts'
import { installDocs } from './plugins/swagger.ts'
import { countRefused, installTelemetry } from './plugins/telemetry.ts'
import { registerOperations } from './register.ts'
import { DEFAULT_BODY_LIMIT, type HttpSettings, MAX_HEADER_BYTES } from './settings.ts'
import type { VersionedApi } from './versions.ts'

export interface HttpAppParts {
  operations: readonly Operation[]
  /** The APIs of the specification among them, with the version that each answers in. */
  versioned: readonly VersionedApi[]
  /** Makes the OpenAPI document that `/docs` shows; without one there is no `/docs`. */
  document?: () => object
  streams?: EventStreams
  /** Nothing is counted or traced when absent. */
  metrics?: Metrics
  log: FastifyBaseLogger
  settings: Pick<HttpSettings, 'bodyLimitBytes' | 'allowedHosts' | 'strictVersion'>
}

/** The HTTP application, ready to listen. It knows operations, not what they are about. `close()` ends event streams at once. */
export async function createHttpApp({
  operations,
  versioned,
  document,
  streams,
  metrics,
  log,
  settings,
}: HttpAppParts): Promise<FastifyInstance> {
  const setHeaders = headersFor(versioned)
  const app = Fastify({
    loggerInstance: log,
    // One line for each answer is written in plugins/guards.ts
    logController: new LogController({ disableRequestLogging: true }),
    // A logger for each request costs more than most answers: the few lines that are written say the id themselves.
    childLoggerFactory: (logger) => logger,
    genReqId: () => randomUUID(),
    // The answer to a request that comes in while we stop is ours, see plugins/shutdown.ts
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    requestTimeout: 60_000,
    http: { maxHeaderSize: MAX_HEADER_BYTES },
    frameworkErrors(error, request, reply) {
      answerError(error, request, setHeaders(request, reply))
      countRefused(metrics, reply.statusCode, request.method)
    },
    clientErrorHandler(error, socket) {
      const status = answerConnectionError(error, socket)
      if (status !== undefined) countRefused(metrics, status)
    },
    routerOptions: { maxParamLength: 1024, ignoreTrailingSlash: true },
  })
  if (metrics) installTelemetry(app, operations, metrics)
  installErrors(app)
  installHeaders(app, setHeaders)
  installShutdown(app, streams)
  installGuards(app, {
    operations,
    apis: versioned,
    allowedHosts: settings.allowedHosts,
    strictVersion: settings.strictVersion ?? false,
    bodyLimit: settings.bodyLimitBytes ?? DEFAULT_BODY_LIMIT,
  })
  if (document) installDocs(app, document)
  registerOperations(app, operations)
  await app.ready()
  return app
}
