import type { Cluster, ObjectRef } from '../../clusters/cluster.ts'
import type { Dialect } from '../dialects.ts'
import { judgeRequest, type RequestView } from './operator-verdict.ts'
import type { StepContext } from './step.ts'
import { type Seen, type Watched, waitFor } from './waiting.ts'

export interface RequestWait {
  dialect: Dialect
  /** The O-Cloud whose operator acts, and our request there. */
  oCloud: Cluster
  remote: ObjectRef
  /** The cluster where FoCoM is asked, and our request there. */
  focom?: { cluster: Cluster; request: ObjectRef }
  /** Gives up when nobody said anything new for so long. */
  silenceSeconds: number
}

/**
 * Waits by watching, on both clusters, until the request has ended; answers what was seen then. Rejects with PROVISIONING_FAILED in the operators' words, and with TIMEOUT, after
 * silence or at the deadline, that says what was seen last. A restarted operator may take a word back: what it says then is shown, and waited for again.
 */
export async function waitForRequest(
  { dialect, oCloud, remote, focom, silenceSeconds }: RequestWait,
  context: StepContext,
): Promise<RequestView> {
  const { signal, progress } = context
  let refusal: string | undefined
  let remoteSeen = false
  const theirs: Watched = {
    kind: dialect.kind,
    selection: { name: remote.name },
    cluster: oCloud,
    ...(focom && {
      optional: (reason: string) => {
        refusal = reason
      },
    }),
  }
  const ours = focom && watchOf(focom.request, focom.cluster)
  const view = (seen: Seen): RequestView => {
    const live = seen.get(remote)
    remoteSeen ||= live !== undefined
    const listed = seen.told(theirs) ? 'absent' : 'unlisted'
    return {
      dialect,
      remote: refusal === undefined ? (live ?? listed) : 'refused',
      remoteSeen,
      ...(focom && { focom: seen.get(focom.request) ?? ('absent' as const) }),
    }
  }
  const watches = ours ? [ours, theirs] : [theirs]
  const explain = () => whoIsAway(focom ? [focom.cluster, oCloud] : [oCloud], context)
  const options = { signal, progress, silenceSeconds, newsOnly: true, explain }
  return view(await waitFor(oCloud, watches, (seen) => judgeRequest(view(seen)), options))
}

/** A watch comes back by itself and tells nobody that it was cut off: at the end we ask. */
async function whoIsAway(clusters: readonly Cluster[], context: StepContext): Promise<string | undefined> {
  const asked = clusters.map(async ({ oCloudId }) => {
    const { reachable, message = 'no answer' } = await context.status(oCloudId)
    const { name = oCloudId } = (await context.describe?.(oCloudId)) ?? {}
    return reachable ? [] : [`O-Cloud ${name} cannot be reached: ${message}`]
  })
  const away = (await Promise.all(asked)).flat()
  return away.length === 0 ? undefined : away.join('; ')
}

function watchOf({ apiVersion, kind, namespace, name }: ObjectRef, cluster: Cluster): Watched {
  return { kind: { apiVersion, kind }, selection: { ...(namespace !== undefined && { namespace }), name }, cluster }
}
