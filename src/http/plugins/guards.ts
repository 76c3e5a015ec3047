import type { FastifyInstance, FastifyReply } from 'fastify'
import { ServiceError } from '../../errors.ts'
import type { Operation } from '../operation.ts'
import { refuseForeignSites } from '../origin.ts'
import { allowedMethods } from '../paths.ts'
import { drain, readBody } from '../request-body.ts'
import { apiLookup, checkVersion, type VersionedApi } from '../versions.ts'
import { pathOf } from './headers.ts'

export interface Guards {
  operations: readonly Operation[]
  apis: readonly VersionedApi[]
  allowedHosts: readonly string[] | undefined
  /** A request to one of `apis` without `Version` is refused. */
  strictVersion: boolean
  /** Bytes. */
  bodyLimit: number
}

/** What every request passes before its operation, and every answer before it leaves. */
export function installGuards(app: FastifyInstance, guards: Guards): void {
  const { operations, apis, allowedHosts, strictVersion, bodyLimit } = guards
  const apiOf = apiLookup(apis)
  app.addHook('onRequest', (request, reply, done) => {
    const path = pathOf(request)
    const api = apiOf(path)
    refuseForeignSites(request.method, request.headers, allowedHosts)
    if (api) checkVersion(api, path, request.headers.version, strictVersion)
    if (request.is404) answerUnrouted(operations, request.method, request.url, reply)
    else done()
  })

  // An operation parses its own body (register.ts): here it is only read, within its limit
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (request, _payload, done) => {
    readBody(request.raw, bodyLimit).then((bytes) => done(null, bytes), done)
  })

  app.addHook('onSend', (request, reply, _payload, done) => {
    if (request.raw.complete) return done()
    drain(request.raw).then((drained) => {
      if (!drained) reply.header('connection', 'close')
      done()
    }, done)
  })

  app.addHook('onResponse', (request, reply, done) => {
    done()
    const level = request.method === 'GET' || request.method === 'HEAD' ? 'debug' : 'info'
    request.log[level](
      {
        requestId: request.id,
        method: request.method,
        path: request.routeOptions.url,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'answered',
    )
  })
}

function answerUnrouted(
  operations: readonly Operation[],
  method: string,
  url: string,
  reply: FastifyReply,
): FastifyReply {
  const allowed = allowedMethods(operations, url)
  if (!allowed) throw new ServiceError('NOT_FOUND', 'there is nothing at this path')
  const headers = { Allow: allowed.join(', ') }
  if (method === 'OPTIONS') return reply.code(204).headers(headers).send()
  throw new ServiceError('METHOD_NOT_ALLOWED', `${method} is not defined here; ${headers.Allow} are`, { headers })
}
