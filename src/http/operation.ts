import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ErrorCode } from '../errors.ts'
import { check } from './check.ts'
import { checkEncoding } from './query-encoding.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'
export type RequestHeader = 'Accept' | 'If-Match' | 'If-None-Match' | 'Last-Event-ID' | 'Version'
export type ResponseHeader = 'ETag' | 'Link' | 'Location' | 'Retry-After' | 'Version'

/** A body that works when somebody presses Execute. */
export interface NamedExample {
  summary: string
  value: unknown
}

/** What one status code carries. `body` is serialised from its JSON Schema; `text` names other media types with an example each. */
export interface AnswerDoc {
  description: string
  body?: z.ZodType
  example?: unknown
  examples?: Record<string, NamedExample>
  text?: Record<string, string>
  headers?: readonly ResponseHeader[]
}

/** What a handler answers. A handler that took over the connection (an event stream) answers undefined. */
export interface Answer {
  status: number
  body?: unknown
  headers?: Record<string, string>
  /** Media type of a text body; JSON when absent. */
  type?: string
}

/** What a handler sees: the parts of the request as its schemas let them through. */
export interface Input<P, Q, B> {
  params: P
  query: Q
  body: B
  headers: IncomingHttpHeaders
  request: FastifyRequest
  reply: FastifyReply
}

/** Another beginning of a path under which an operation answers identically. */
export interface Alias {
  prefix: string
  instead: string
}

interface Documented<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  method: Method
  /** As OpenAPI writes it: `/o2ims/v1/ocloud/{oCloudId}`. */
  path: string
  operationId: string
  tag: string
  summary: string
  description?: string
  params: P
  query: Q
  body: B
  /** Examples of the body. */
  examples?: Record<string, NamedExample>
  /** Values for the documentation's path parameters. */
  paramExamples?: Record<string, string>
  requestHeaders?: readonly RequestHeader[]
  answers: Record<number, AnswerDoc>
  errors?: readonly ErrorCode[]
  /** Path prefixes that answer identically; the OpenAPI document names them in words only. */
  aliases?: readonly Alias[]
  /** False: HEAD is not offered (event streams). */
  head?: boolean
}

/** An operation of the API: what its documentation says and what runs, from one definition. */
export interface Operation extends Documented<z.ZodType, z.ZodType, z.ZodType> {
  /** Rejects with a ServiceError. */
  run(request: FastifyRequest, reply: FastifyReply): Promise<Answer | undefined>
}

/** For operations that take no parameters: whatever comes is refused. */
export const none = z.strictObject({})
/** For operations that take no body. */
export const noBody = z.undefined()

/** Ties schemas and handler together: the handler is typed by what the schemas let through. */
export function operation<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  definition: Documented<P, Q, B> & {
    handle(input: Input<z.output<P>, z.output<Q>, z.output<B>>): Promise<Answer | undefined>
  },
): Operation {
  const { handle, ...documented } = definition
  return {
    ...documented,
    async run(request, reply) {
      const params = check('INVALID_ARGS', definition.params, request.params)
      checkEncoding(request.url)
      const query = check('INVALID_QUERY', definition.query, request.query)
      const body = check('INVALID_ARGS', definition.body, request.body)
      return handle({ params, query, body, headers: request.headers, request, reply })
    },
  }
}

/** The same operations, there only while `guard` resolves; it rejects with the ServiceError that is answered instead. */
export function guarded(operations: readonly Operation[], guard: () => Promise<void>): Operation[] {
  return operations.map((operation) => ({
    ...operation,
    async run(request, reply) {
      await guard()
      return operation.run(request, reply)
    },
  }))
}

/** Does this operation read a body? */
export function takesBody(definition: Pick<Operation, 'body'>): boolean {
  return definition.body !== noBody
}
