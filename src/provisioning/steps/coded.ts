import { type ErrorCode, ServiceError } from '../../errors.ts'

const KEPT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UNAVAILABLE',
  'TIMEOUT',
  'INTERNAL',
  'INVALID_ARGS',
  'CANCELLED',
])

/** Does the work; what makes it fail gets that code. Errors that may pass, time limits and mistakes of the caller keep their own. `words` may take secrets out of a message. */
export async function coded<T>(
  code: ErrorCode | undefined,
  work: () => Promise<T>,
  words = (message: string): string => message,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    const { retryable, retryAfter, fields } = error
    const own = code === undefined || KEPT.has(error.code) ? error.code : code
    const message = words(error.message)
    if (own === error.code && message === error.message) throw error
    // The cause could hold what was taken out of the message.
    const cause = message === error.message ? error : undefined
    throw new ServiceError(own, message, { cause, retryable, retryAfter, fields })
  }
}
