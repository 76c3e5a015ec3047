import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Metrics } from '../../telemetry/metrics.ts'
import { type OpenSpan, openServerSpan } from '../../telemetry/spans.ts'
import type { Operation } from '../operation.ts'
import { fastifyPath, pathsOf } from '../paths.ts'

/** Of whatever leads nowhere: paths and methods that clients invent are one. */
const UNMATCHED = 'unmatched'
/** What was refused before it was a request may have had any method, or none. */
const NO_METHOD = 'other'
/** Asked every few seconds, by machines. */
const UNTRACED = new Set(['/healthz', '/readyz', '/metrics'])

/** Counts and traces every request by the path of its operation: aliases are the same, and no id is in it. Before whatever else may answer. */
export function installTelemetry(app: FastifyInstance, operations: readonly Operation[], metrics: Metrics): void {
  const routes = new Map(
    operations.flatMap((operation) => pathsOf(operation).map((path) => [fastifyPath(path), operation.path])),
  )
  const spans = new WeakMap<FastifyRequest, OpenSpan>()

  function routeOf({ routeOptions: { url } }: FastifyRequest): string {
    return url === undefined ? UNMATCHED : (routes.get(url) ?? url)
  }

  app.addHook('onRequest', (request, _reply, done) => {
    const route = routeOf(request)
    if (UNTRACED.has(route)) return done()
    const { method, id } = request
    const span = openServerSpan(`${method} ${route}`, request.headers, {
      'http.request.method': method,
      'http.route': route,
      'o2ims.request_id': id,
    })
    spans.set(request, span)
    span.within(done)
  })

  app.addHook('onResponse', (request, reply, done) => {
    const { method } = request
    const { statusCode: status } = reply
    metrics.answered({ method, route: routeOf(request), status }, reply.elapsedTime / 1000)
    const span = spans.get(request)
    span?.end({
      'http.response.status_code': status,
      ...(status >= 500 && { 'error.type': String(status) }),
    })
    // The line that tells of the answer belongs to it.
    if (span) span.within(done)
    else done()
  })
}

/** Counts what is refused before it comes to a route, where no hook is called: addresses that cannot be decoded, and, without a method, what is no HTTP. */
export function countRefused(metrics: Metrics | undefined, status: number, method = NO_METHOD): void {
  metrics?.answered({ method, route: UNMATCHED, status }, 0)
}
