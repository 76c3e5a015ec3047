import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { ServiceError } from '../errors.ts'
import { readJson } from './json-text.ts'
import { type Answer, type Operation, takesBody } from './operation.ts'
import { fastifyPath, pathsOf } from './paths.ts'
import { createSerialisers } from './serialisers.ts'

/** Puts operations on their paths. Order of checks: content type, body, then parameters, query and body by schema. */
export function registerOperations(app: FastifyInstance, operations: readonly Operation[]): void {
  const serialiser = createSerialisers()
  app.setSerializerCompiler<z.ZodType>(({ schema }) => serialiser(schema))
  for (const operation of operations) {
    const response = bodies(operation)
    for (const path of pathsOf(operation))
      app.route({
        method: operation.method,
        url: fastifyPath(path),
        exposeHeadRoute: operation.head !== false,
        schema: { response },
        preParsing: (request, _reply, _payload, done) => {
          checkContentType(operation, request)
          done()
        },
        preValidation: (request, _reply, done) => {
          parseBody(operation, request)
          done()
        },
        handler: async (request, reply) => answer(reply, await operation.run(request, reply)),
      })
  }
}

function bodies({ answers }: Operation): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(answers).flatMap(([status, { body }]) => (body ? [[status, body]] : [])))
}

function checkContentType(operation: Operation, request: FastifyRequest): void {
  if (!takesBody(operation)) return
  const type = request.headers['content-type']
  if (!/^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(type ?? ''))
    throw new ServiceError('UNSUPPORTED_MEDIA_TYPE', 'the body must be sent as Content-Type: application/json')
  if ((request.headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity')
    throw new ServiceError('UNSUPPORTED_MEDIA_TYPE', 'the body must be sent without a Content-Encoding')
}

function parseBody(operation: Operation, request: FastifyRequest): void {
  const bytes = request.body instanceof Buffer ? request.body : Buffer.alloc(0)
  if (takesBody(operation)) request.body = readJson(bytes)
  else if (bytes.length === 0) request.body = undefined
  else throw new ServiceError('INVALID_ARGS', 'this operation takes no body')
}

function answer(reply: FastifyReply, what: Answer | undefined): FastifyReply {
  if (what === undefined) return reply
  reply.code(what.status).headers(what.headers ?? {})
  if (what.type !== undefined) reply.type(what.type)
  else if (what.body !== undefined) reply.type('application/json')
  return reply.send(what.body)
}
