import { CommandFailure } from './failure.ts'
import type { Problem } from './wire.ts'

/** Writes a command line of ours that works for the same server. */
export type Again = (command: string) => string

/** What was asked, and of whom. */
export interface Asked {
  server: string
  path: string
  again: Again
}

/** The refusal as a failure: title and detail, one line for each wrong field, what to do. */
export function refusal(problem: Problem, asked: Asked): CommandFailure {
  const { title, code, detail, errors = [] } = problem
  const fields = errors.map(({ pointer, message }) => `${pointer === '' ? 'body' : pointer}: ${message}`)
  const [only] = errors.length === 1 ? errors : []
  // With one wrong field the detail says the same once more.
  const repeated =
    only !== undefined && [`${only.pointer.slice(1)} ${only.message}`, only.message].includes(detail ?? '')
  const lines = [
    `${title}${code ? ` (${code})` : ''}`,
    ...[...(detail && !repeated ? [detail] : []), ...fields].map((line) => `  ${line}`),
  ]
  return new CommandFailure(lines.join('\n'), { hint: hintFor(problem, asked), problem })
}

/** What a reader can do about it. */
function hintFor({ code, status, instance }: Problem, { server, path, again }: Asked): string | undefined {
  const prefix = new URL(server).pathname.replace(/\/$/, '')
  // A proxy that serves us below a path takes it away; who sees it is no proxy.
  if (status === 404 && prefix !== '' && (instance?.startsWith(`${prefix}/`) ?? true))
    return `--server has the path ${prefix}: write it without, ${new URL(server).origin}`
  switch (code) {
    case 'ALREADY_EXISTS':
      return `"${again('status ID')}" shows the request that has this id; a new one needs another provisioningRequestId`
    case 'UNKNOWN_TEMPLATE':
      return `GET ${server}/o2ims/v1/templates lists the published ones`
    case 'TEMPLATE_PARAMETERS':
      return `GET ${server}/o2ims/v1/templates/{name}/{version} has the parameterSchema`
    case 'NOT_FOUND':
      return path.includes('/provisioningRequests/')
        ? `"${again('status')}" lists the requests that there are`
        : undefined
    case 'WRONG_PHASE':
      return `"${again('status ID')}" shows the phase`
    case 'UNAVAILABLE':
      return `try again in a moment; GET ${server}/readyz says when the service is ready`
    case 'NO_WORKER':
      return `is a worker running? "${again('serve --roles worker')}" starts one`
    default:
      return undefined
  }
}
