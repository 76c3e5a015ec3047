import { z } from 'zod'
import { ERROR_CODES, type ErrorCode, messageOf, ServiceError } from '../errors.ts'

/** Problem details, RFC 9457. */
export const problemSchema = z
  .strictObject({
    type: z
      .string()
      .meta({ format: 'uri-reference', description: 'Names the kind of problem; the same for the same code.' }),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().meta({ description: 'What is wrong here, and what to do.' }),
    instance: z.string().meta({ format: 'uri-reference', description: 'The path that was asked for.' }),
    code: z.string().meta({ description: 'Stable; what programs compare.' }),
    errors: z
      .array(
        z.strictObject({
          pointer: z.string().meta({ description: 'RFC 6901, into the body or the query.' }),
          message: z.string(),
        }),
      )
      .optional()
      .meta({ description: 'One entry per wrong field.' }),
    requestId: z.string().optional().meta({ description: 'Names the log lines of this request; with INTERNAL only.' }),
  })
  .meta({ id: 'Problem', description: 'Problem details, RFC 9457.' })

export type Problem = z.infer<typeof problemSchema>

export const PROBLEM_TYPE = 'application/problem+json'

export function problemType(code: ErrorCode): string {
  return `/problems/${code.toLowerCase().replaceAll('_', '-')}`
}

/** The problem details of an error that a client may see. `instance` is the path without its query. */
export function toProblem(error: ServiceError, instance: string, requestId?: string): Problem {
  const { status, title } = ERROR_CODES[error.code]
  return {
    type: problemType(error.code),
    title,
    status,
    detail: error.code === 'INTERNAL' ? 'an unexpected error; the log has more under this requestId' : error.message,
    instance: asUri(instance),
    code: error.code,
    ...(error.fields.length > 0 && { errors: error.fields }),
    ...(error.code === 'INTERNAL' && requestId !== undefined && { requestId }),
  }
}

/** A path as it was asked for, with what may not stand in a URI encoded (RFC 3986 3.3). */
function asUri(path: string): string {
  return path.replaceAll(/%(?![0-9a-f]{2})|[^\w\-.~!$&'()*+,;=:@/%]/gi, encodeURIComponent)
}

/** Whatever was thrown, as the one error of this service. What we do not know becomes INTERNAL and keeps its cause for the log. */
export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error
  const known = FASTIFY_CODES[fastifyCode(error)]
  if (known) return new ServiceError(known, messageOf(error), { cause: error })
  return new ServiceError('INTERNAL', 'an unexpected error', { cause: error })
}

/** The errors that Fastify itself throws before a handler runs. */
const FASTIFY_CODES: Record<string, ErrorCode> = {
  FST_ERR_BAD_URL: 'INVALID_ARGS',
  FST_ERR_MAX_PARAM_LENGTH: 'INVALID_ARGS',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'MALFORMED_BODY',
}

function fastifyCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : ''
}
