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

/** What a reader can do about a refusal, by its code. */
const NEXT: Record<string, string> = {
  ALREADY_EXISTS:
    '"o2ims status <id>" shows the request that has this id; a new one needs another provisioningRequestId',
  UNKNOWN_TEMPLATE: 'GET /o2ims/v1/templates lists the published ones',
  TEMPLATE_PARAMETERS: 'GET /o2ims/v1/templates/{name}/{version} has the parameterSchema',
  NOT_FOUND: '"o2ims status" lists the requests that the service knows',
  WRONG_PHASE: '"o2ims status <id>" shows the phase',
  UNAVAILABLE: 'try again in a moment; GET /readyz says when the service is ready',
  NO_WORKER: 'is a worker running? "o2ims serve --roles worker" starts one',
  FORBIDDEN: 'only clusters that a request of this service made give their kubeconfig',
}

/** The refusal as a failure: title and detail, one line for each wrong field, what to do. */
export function refusal(problem: Problem): CommandFailure {
  const lines = [
    `${problem.title}${problem.code ? ` (${problem.code})` : ''}`,
    ...(problem.detail ? [`  ${problem.detail}`] : []),
    ...(problem.errors ?? []).map(({ pointer, message }) => `  ${pointer === '' ? 'body' : pointer}: ${message}`),
  ]
  return new CommandFailure(lines.join('\n'), { hint: NEXT[problem.code ?? ''], problem })
}
