import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { pathname } from '../paths.ts'
import { apiLookup, type VersionedApi } from '../versions.ts'

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-cache',
}

/** Sets what every answer carries, errors of every sort included. */
export function headersFor(
  apis: readonly VersionedApi[],
): (request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  const apiOf = apiLookup(apis)
  return (request, reply) => {
    const api = apiOf(pathOf(request))
    reply.headers(SECURITY_HEADERS)
    return api ? reply.header('version', api.version) : reply
  }
}

/** Before anything else has a chance to answer. */
export function installHeaders(app: FastifyInstance, setHeaders: ReturnType<typeof headersFor>): void {
  app.addHook('onRequest', (request, reply, done) => {
    setHeaders(request, reply)
    done()
  })
}

/** Where the request leads: an escaped path leads where its route stands. */
export function pathOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? pathname(request.url)
}
