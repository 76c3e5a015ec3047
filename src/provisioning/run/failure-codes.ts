import { type ErrorCode, ServiceError } from '../../errors.ts'

/** The codes that a failed request can show: the closed table of progress.error.code. */
const FAILURE_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'INVALID_ARGS',
  'PREFLIGHT_FAILED',
  'INSUFFICIENT_CAPACITY',
  'KIND_FAILED',
  'FOCOM_FAILED',
  'SECRET_FAILED',
  'APPLY_FAILED',
  'CONFLICT',
  'PROVISIONING_FAILED',
  'CANCELLED',
  'SIMULATED_FAILURE',
  'TIMEOUT',
  'CLEANUP_FAILED',
])

/** The code under which a request shows what ended it: PROVISIONING_FAILED for everything that has none of its own. */
export function failureCodeOf(cause: unknown): ErrorCode {
  return cause instanceof ServiceError && FAILURE_CODES.has(cause.code) ? cause.code : 'PROVISIONING_FAILED'
}
