import { type Context, printJson } from './context.ts'
import type { Ending } from './follow.ts'
import { INTERRUPTED } from './interrupt.ts'
import { renderFailure } from './view/render.ts'
import { clean } from './view/text.ts'

/** PROVISIONING_FAILED: for a failure that gives no exit code of its own. */
const FAILED = 6

/**
 * Says how it ended and what can be done now. Returns the exit code: 0 for what was wanted (FULFILLED, or gone when it was to be deleted),
 * the request's own code for a failure, 130 for Ctrl-C.
 */
export function conclude(context: Context, id: string, ending: Ending, wanted: 'fulfilled' | 'gone'): number {
  const { aside } = context
  if (ending.kind === 'interrupted') {
    aside.print(['', `The request goes on. Come back with: ${context.again(`status ${id} --follow`)}`])
    return INTERRUPTED
  }
  if (ending.kind === 'deleted') {
    if (context.json) printJson(context, { deleted: true, left: ending.left })
    else context.out.print(`${clean(id)} is deleted`)
    for (const { kind, namespace, name, reason } of ending.left)
      aside.print(
        clean(`left behind: ${kind} ${namespace ? `${namespace}/` : ''}${name}${reason ? `: ${reason}` : ''}`),
      )
    return wanted === 'gone' ? 0 : FAILED
  }
  const { request } = ending
  if (context.json) printJson(context, request)
  if (request.status.provisioningPhase === 'FULFILLED') {
    if (!context.json) context.out.print(['', `FULFILLED. The report: ${context.again(`report ${id}`)}`])
    return wanted === 'fulfilled' ? 0 : FAILED
  }
  aside.print(['', ...renderFailure(request, aside.canvas())])
  aside.print(
    `What happened: ${context.again(`report ${id}`)}. Once more from the first step: ${context.again(`retry ${id}`)}`,
  )
  return request.progress.error?.exitCode ?? FAILED
}
