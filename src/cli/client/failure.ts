import type { Problem } from './wire.ts'

/** What ends a command: a message, what to do next, and the exit code. `problem` is the server's answer when it refused. */
export class CommandFailure extends Error {
  readonly hint: string | undefined
  readonly exitCode: number
  readonly problem: Problem | undefined
  /** The same call may succeed in a moment. */
  readonly retryable: boolean

  constructor(
    message: string,
    details: {
      hint?: string | undefined
      exitCode?: number
      problem?: Problem
      retryable?: boolean
      cause?: unknown
    } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'CommandFailure'
    this.hint = details.hint
    this.exitCode = details.exitCode ?? 1
    this.problem = details.problem
    this.retryable = details.retryable ?? (this.status === 429 || (this.status ?? 0) >= 500)
  }

  /** The HTTP status of a refusal. */
  get status(): number | undefined {
    return this.problem?.status
  }
}

/** The failure as problem details (RFC 9457), with the hint and the exit code beside them: the server's own where it refused. */
export function problemOf({ message, hint, exitCode, problem }: CommandFailure): Record<string, unknown> {
  return { ...(problem ?? { type: 'about:blank', title: message }), ...(hint !== undefined && { hint }), exitCode }
}
