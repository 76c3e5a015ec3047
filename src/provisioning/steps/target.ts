import type { Cluster } from '../../clusters/cluster.ts'
import { messageOf, ServiceError } from '../../errors.ts'
import type { Made, MadeObject } from '../record.ts'
import { throughOutages } from './limits.ts'
import type { StepContext, Undone } from './step.ts'

/** The cluster that a step acts on; outside of a plan it is always known. */
export async function openTarget(oCloudId: string, context: StepContext): Promise<Cluster> {
  const cluster = await context.cluster(oCloudId)
  if (cluster === undefined) throw new ServiceError('PREFLIGHT_FAILED', `O-Cloud ${oCloudId} is not known yet`)
  return cluster
}

/** The cluster to undo on. When it cannot be had any more, everything is left, with that reason. */
export async function openTargetForUndo(
  made: Made,
  objects: readonly MadeObject[],
  context: StepContext,
): Promise<Cluster | Undone> {
  const { oCloudId } = made
  if (oCloudId === undefined || objects.length === 0) return { undone: [], left: [] }
  try {
    return await throughOutages(() => openTarget(oCloudId, context), context.signal)
  } catch (error) {
    context.signal.throwIfAborted()
    if (!(error instanceof ServiceError)) throw error
    return { undone: [], left: objects.map((object) => ({ ...object, reason: messageOf(error) })) }
  }
}
