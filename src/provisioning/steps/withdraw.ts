import type { Cluster } from '../../clusters/cluster.ts'
import { messageOf, ServiceError } from '../../errors.ts'
import type { Made, MadeObject } from '../record.ts'
import { throughOutages, Unreachable } from './limits.ts'
import { nameOf } from './object-order.ts'
import { removeLeftovers } from './operator-leftovers.ts'
import { removeObjects } from './remove-objects.ts'
import type { StepContext, Undone } from './step.ts'

/**
 * Takes a request away from the O-Cloud's operator, whoever made it there, and what the operator leaves behind; waits until it is gone. The request itself counts as undone
 * only when nothing is left, so that it is looked at again.
 */
export async function withdrawRequest(
  cluster: Cluster,
  request: MadeObject,
  made: Made,
  context: StepContext,
): Promise<Undone> {
  try {
    const live = await throughOutages(() => cluster.get(request, { signal: context.signal }), context.signal)
    const uid = request.uid ?? live?.metadata.uid
    // Names of ours are ours alone: what FoCoM made for us carries no label of ours.
    const own = live === undefined ? [] : [{ ...request, uid: live.metadata.uid }]
    const removed = await removeObjects(cluster, own, context)
    if (removed.left.length > 0) return removed
    const leftovers = await removeLeftovers(
      cluster,
      { name: request.name, uid, clusterName: noted(made, 'clusterName'), clusterUid: noted(made, 'clusterUid') },
      context,
    )
    const known = uid !== undefined ? [{ ...request, uid }] : []
    return {
      undone: leftovers.left.length > 0 ? leftovers.undone : [...leftovers.undone, ...known],
      left: leftovers.left,
    }
  } catch (error) {
    if (!(error instanceof ServiceError) && !(error instanceof Unreachable)) throw error
    const reason = error instanceof Unreachable ? `not removed in time: ${messageOf(error)}` : messageOf(error)
    return { undone: [], left: [{ ...request, reason }] }
  }
}

function noted({ notes }: Made, key: string): string | undefined {
  const value = notes[key]
  return typeof value === 'string' ? value : undefined
}

/** For a request that has to be made anew: what it was has to be gone first. */
export function throwIfLeft({ left }: Undone): void {
  const [first] = left
  if (first !== undefined)
    throw new ServiceError(
      'APPLY_FAILED',
      `${nameOf(first)}, which has to be made anew, cannot be removed: ${first.reason}`,
    )
}
