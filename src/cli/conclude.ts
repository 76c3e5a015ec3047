import { CommandFailure } from './client/failure.ts'
import type { WireObject, WireRequest } from './client/wire.ts'
import { type Context, printResult } from './context.ts'
import type { Ending } from './follow.ts'
import { INTERRUPTED } from './interrupt.ts'
import { failureText } from './tell-failure.ts'
import { objectText, renderFailure } from './view/render.ts'
import { clean } from './view/text.ts'

/** PROVISIONING_FAILED: for a failure that gives no exit code of its own. */
export const FAILED = 6

/**
 * Says how it ended and what can be done now. Returns the exit code: 0 for what was wanted (FULFILLED, or gone when it was to be deleted),
 * the request's own code for a failure, 130 for Ctrl-C. With JSON or YAML asked for, the result stands on standard output, and what is no success
 * on standard error as one object.
 */
export function conclude(context: Context, id: string, ending: Ending, wanted: 'fulfilled' | 'gone'): number {
  if (ending.kind === 'interrupted') return interrupted(context, id)
  if (ending.kind === 'deleted') {
    deleted(context, id, ending.left)
    return wanted === 'gone' ? 0 : FAILED
  }
  const { request } = ending
  const fulfilled = request.status.provisioningPhase === 'FULFILLED'
  printResult(context, request, () =>
    fulfilled ? ['', `FULFILLED. The report: ${context.again(`report ${id}`)}`] : [],
  )
  if (!fulfilled) return failed(context, id, request)
  return wanted === 'fulfilled' ? 0 : FAILED
}

function interrupted(context: Context, id: string): number {
  const comeBack = context.again(`status ${id} --follow`)
  if (context.form !== 'table') {
    const details = { hint: `come back with: ${comeBack}`, exitCode: INTERRUPTED }
    tell(context, new CommandFailure('interrupted; the request goes on', details))
  } else context.aside.print(['', `The request goes on. Come back with: ${comeBack}`])
  return INTERRUPTED
}

function deleted(context: Context, id: string, left: WireObject[]): void {
  printResult(context, { provisioningRequestId: id, deleted: true, left }, () => `${clean(id)} is deleted`)
  if (context.form === 'table') context.aside.print(left.map((object) => `left behind: ${objectText(object)}`))
}

function failed(context: Context, id: string, request: WireRequest): number {
  const { aside, again } = context
  const { error } = request.progress
  const exitCode = error?.exitCode ?? FAILED
  const next = [`What happened: ${again(`report ${id}`)}`, `Once more from the first step: ${again(`retry ${id}`)}`]
  if (context.form !== 'table') {
    const problem = {
      title: `the request ended ${request.status.provisioningPhase}`,
      ...(error && { code: error.code, detail: error.cause, step: error.step }),
    }
    tell(
      context,
      new CommandFailure(problem.title, {
        hint: next.join('\n'),
        exitCode,
        problem: { type: 'about:blank', ...problem },
      }),
    )
  } else aside.print(['', ...renderFailure(request, aside.canvas()), ...next])
  return exitCode
}

function tell({ aside, form }: Context, failure: CommandFailure): void {
  aside.print(failureText(failure, form).trimEnd())
}
