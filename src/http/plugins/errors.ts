import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ERROR_CODES, ServiceError } from '../../errors.ts'
import { pathname } from '../paths.ts'
import { PROBLEM_TYPE, problemType, toProblem, toServiceError } from '../problem.ts'
import { MAX_HEADER_BYTES } from '../settings.ts'

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
    request.log.error(
      { requestId: request.id, err: error.cause ?? error, method: request.method, path: problem.instance },
      'unexpected error',
    )
  const retryAfter = error.retryAfter ?? (problem.status === 503 || problem.status === 429 ? 1 : undefined)
  if (retryAfter !== undefined) reply.header('Retry-After', String(Math.ceil(retryAfter)))
  return reply.code(problem.status).headers(error.headers).type(PROBLEM_TYPE).send(JSON.stringify(problem))
}

/** What Node itself refuses before there is a request, by its error codes. */
const REFUSALS: Record<string, { status: number; detail: string }> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    detail: `the address and the headers together are larger than ${MAX_HEADER_BYTES} bytes`,
  },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'the request did not come in completely within its time' },
  // What TLS begins with is none either
  HPE_INVALID_METHOD: {
    status: 400,
    detail:
      'this does not begin with a method that HTTP knows (a method is written in capitals; https is not spoken here)',
  },
}

const INCOMPLETE = { status: 400, detail: 'this is not a complete HTTP request' }

/** Answers on the bare socket: broken HTTP, headers too large, too slow. Returns the status, or undefined when nobody is there to read it. */
export function answerConnectionError(error: Error & { code?: string }, socket: Socket): number | undefined {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return undefined
  }
  const { status, detail } = REFUSALS[error.code ?? ''] ?? INCOMPLETE
  const body = JSON.stringify({
    type: problemType('INVALID_ARGS'),
    title: ERROR_CODES.INVALID_ARGS.title,
    status,
    detail,
    instance: '/',
    code: 'INVALID_ARGS',
  })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`)
  return status
}
