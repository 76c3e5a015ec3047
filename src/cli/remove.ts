import { CommandFailure } from './client/failure.ts'
import type { WireRequest } from './client/wire.ts'
import type { Context } from './context.ts'
import { type Ending, follow } from './follow.ts'

/** Follows a request that is being deleted, until it is gone or the signal aborts. */
export async function untilGone(context: Context, id: string, signal: AbortSignal): Promise<Ending> {
  const request = await standing(context, id)
  return request ? follow(context, request, signal) : { kind: 'deleted', left: [] }
}

/** Undefined when there is no such request. */
export async function standing(context: Context, id: string): Promise<WireRequest | undefined> {
  try {
    return await context.api.get(id)
  } catch (error) {
    if (error instanceof CommandFailure && error.status === 404) return undefined
    throw error
  }
}
