import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { pathname } from '../paths.ts'
import { apiOf, type VersionedApi } from '../versions.ts'

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-cache',
}

/** What every answer carries, errors of every sort included. */
export function setHeaders(apis: readonly VersionedApi[], request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const api = apiOf(apis, pathOf(request))
  return reply.headers(api ? { ...SECURITY_HEADERS, Version: api.version } : SECURITY_HEADERS)
}

/** Before anything else has a chance to answer. */
export function installHeaders(app: FastifyInstance, apis: readonly VersionedApi[]): void {
  app.addHook('onRequest', async (request, reply) => {
    setHeaders(apis, request, reply)
  })
}

/** Where the request leads: an escaped path leads where its route stands. */
export function pathOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? pathname(request.url)
}
