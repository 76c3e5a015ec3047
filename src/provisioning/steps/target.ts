import type { Cluster } from '../../clusters/cluster.ts'
import { messageOf, ServiceError } from '../../errors.ts'
import type { Made, MadeObject } from '../record.ts'
import { throughOutages } from './limits.ts'
import type { StepContext, Undone } from './step.ts'

/** The pseudo object that stands for a whole cluster in what a step made. */
export const CLUSTER_KIND = { apiVersion: 'kind.x-k8s.io/v1alpha4', kind: 'Cluster' }

/** The cluster that a step acts on; outside of a plan it is always known. */
export async function openTarget(oCloudId: string, context: StepContext): Promise<Cluster> {
  const cluster = await context.cluster(oCloudId)
  if (cluster === undefined) throw new ServiceError('PREFLIGHT_FAILED', `O-Cloud ${oCloudId} is not known yet`)
  return cluster
}

/** The cluster to undo on, or the answer of the undo where there is nothing to act on: no objects, a cluster that is gone with all that was in it, or one that cannot be had any more. */
export async function openTargetForUndo(
  made: Made,
  objects: readonly MadeObject[],
  context: StepContext,
): Promise<Cluster | Undone> {
  const { oCloudId } = made
  if (oCloudId === undefined || objects.length === 0) return { undone: [], left: [] }
  try {
    return await throughOutages(async () => {
      if (await isGoneWithItsCluster(oCloudId, context)) {
        return { undone: objects.filter((object) => object.uid !== undefined), left: [] }
      }
      return openTarget(oCloudId, context)
    }, context.signal)
  } catch (error) {
    context.signal.throwIfAborted()
    if (!(error instanceof ServiceError)) throw error
    return { undone: [], left: objects.map((object) => ({ ...object, reason: messageOf(error) })) }
  }
}

/** A cluster that this request made itself and that somebody took away: nobody would ever answer there. */
async function isGoneWithItsCluster(oCloudId: string, context: StepContext): Promise<boolean> {
  for (const { made, uses } of context.steps) {
    // Undone before: clusters go first.
    if (uses === 'kind-cluster' && made?.oCloudId === oCloudId && made.objects.length === 0) return true
    const cluster = made?.objects.find(
      ({ kind, apiVersion }) => kind === CLUSTER_KIND.kind && apiVersion === CLUSTER_KIND.apiVersion,
    )
    if (made?.oCloudId !== oCloudId || cluster === undefined) continue
    const driver = made.notes.driver === 'simulated' ? 'simulated' : 'kind'
    const presence = await context.lifecycle(driver).find(cluster.name, { signal: context.signal })
    return presence.state === 'absent'
  }
  return false
}
