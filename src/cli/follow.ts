import { followEvents } from './client/events.ts'
import { CommandFailure } from './client/failure.ts'
import type { WireObject, WireRequest } from './client/wire.ts'
import type { Context } from './context.ts'
import { showLog } from './show-log.ts'
import { createLiveScreen, createPlainScreen, type FollowScreen } from './view/follow-screen.ts'
import { advance, type Progress, progressOf } from './view/progress.ts'

/** How following ended. */
export type Ending =
  | { kind: 'ended'; request: WireRequest }
  | { kind: 'deleted'; left: WireObject[] }
  | { kind: 'interrupted' }

/**
 * Shows a request until it has ended, is gone, or the signal aborts. A table in place on a terminal, else a line for each change;
 * with JSON or YAML asked for, only the table, on standard error: a program gets the result and nothing else. `verbose`: the lines of its log, too.
 */
export async function follow(
  context: Context,
  request: WireRequest,
  signal: AbortSignal,
  { verbose = false }: { verbose?: boolean } = {},
): Promise<Ending> {
  const { api } = context
  const screen = screenFor(context)
  let progress = progressOf(request)
  const id = progress.id
  const log = verbose ? showLog(context, id, signal) : undefined
  try {
    screen.show(progress)
    for await (const followed of followEvents(api.http, id, signal)) {
      if (followed.event === 'end' && followed.data.deleted) return { kind: 'deleted', left: followed.data.left ?? [] }
      progress = await upToDate(context, advance(progress, followed))
      if (followed.event === 'end') {
        const last = await api.get(id)
        screen.show(progressOf(last))
        return { kind: 'ended', request: last }
      }
      screen.show(progress)
    }
    return { kind: 'interrupted' }
  } catch (error) {
    // It went while we were not connected, so that its last event is gone too.
    if (error instanceof CommandFailure && error.status === 404) return { kind: 'deleted', left: [] }
    if (error instanceof CommandFailure && error.retryable)
      throw new CommandFailure(error.message, {
        hint: `the request goes on without us; come back with: ${context.again(`status ${id} --follow`)}`,
        cause: error,
      })
    throw error
  } finally {
    await log?.end()
    screen.close()
  }
}

function screenFor({ form, out, aside }: Context): FollowScreen {
  const target = form === 'table' ? out : aside
  if (target.live) return createLiveScreen(target)
  return form === 'table' ? createPlainScreen(target) : { show: () => undefined, close: () => undefined }
}

async function upToDate({ api }: Context, progress: Progress): Promise<Progress> {
  return progress.stale ? progressOf(await api.get(progress.id)) : progress
}
