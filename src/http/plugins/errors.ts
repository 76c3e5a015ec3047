import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ERROR_CODES, ServiceError } from '../../errors.ts'
import { pathname } from '../paths.ts'
import { PROBLEM_TYPE, toProblem, toServiceError } from '../problem.ts'

/** Every error, wherever it comes from, leaves as problem details. What nobody expected is logged with the request's id. */
export function installErrors(app: FastifyInstance): void {
  app.setErrorHandler(answerError)
  app.setNotFoundHandler(async () => {
    throw new ServiceError('NOT_FOUND', 'there is nothing at this path')
  })
}

/** Answers with the problem details of whatever was thrown. */
export function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = toServiceError(thrown)
  const problem = toProblem(error, pathname(request.url), request.id)
  if (error.code === 'INTERNAL')
    request.log.error({ err: error.cause ?? error, method: request.method, path: problem.instance }, 'unexpected error')
  const retryAfter = error.retryAfter ?? (problem.status === 503 || problem.status === 429 ? 1 : undefined)
  if (retryAfter !== undefined) reply.header('Retry-After', String(Math.ceil(retryAfter)))
  return reply.code(problem.status).headers(error.headers).type(PROBLEM_TYPE).send(JSON.stringify(problem))
}

/** What Node itself refuses before there is a request: broken HTTP, headers too large, too slow. */
export function answerConnectionError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  const body = JSON.stringify({
    type: '/problems/invalid-args',
    title: ERROR_CODES.INVALID_ARGS.title,
    status,
    detail: 'this is not a complete HTTP request',
    instance: '/',
    code: 'INVALID_ARGS',
  })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`)
}
