import type { ClusterPresence } from '../../clusters/lifecycle.ts'
import { ServiceError } from '../../errors.ts'
import type { JsonObject } from '../../json.ts'
import type { Made } from '../record.ts'
import { faultsOf, unhealthy } from './kind-cluster-health.ts'
import { type KindClusterInputs, kindClusterInputs } from './kind-cluster-inputs.ts'
import type { StepContext } from './step.ts'

/** What is to be done about a cluster: make it, make it anew, replace it, or use it. */
export type Standing = 'absent' | 'cut-off' | 'stands' | 'unhealthy'

/** Rejects with CONFLICT when it is not ours, and in words when it would have to be another one or is not well and may not be replaced. Writes nothing. */
export async function standingOf(
  given: KindClusterInputs,
  previous: Made | undefined,
  withinMs: number,
  context: StepContext,
): Promise<Standing> {
  const presence = await context.lifecycle(given.driver).find(given.name, { signal: context.signal })
  const standing = judge(given, previous, presence, context)
  if (standing !== 'stands') return standing
  const faults = await faultsOf(given, previous, withinMs, context)
  if (faults.length === 0) return 'stands'
  if (!given.replaceUnhealthy) throw unhealthy(given.name, faults)
  context.log.warn({ cluster: given.name, faults }, 'an unhealthy cluster is replaced')
  return 'unhealthy'
}

function judge(
  given: KindClusterInputs,
  previous: Made | undefined,
  presence: ClusterPresence,
  { request }: Pick<StepContext, 'request'>,
): Standing {
  if (presence.state === 'absent') return 'absent'
  if (presence.owner !== request.reference) {
    const owner =
      presence.owner === undefined
        ? 'was not made by this service'
        : `belongs to provisioning request ${presence.owner}`
    throw new ServiceError(
      'CONFLICT',
      `a cluster named ${given.name} exists already and ${owner}; give this one another name`,
    )
  }
  // A cluster of ours is written down before it is made: one that is not was made by another step of this request.
  const own = previous?.objects.some((object) => object.name === given.name && object.action !== 'deleted')
  if (!own) {
    throw new ServiceError(
      'CONFLICT',
      `a cluster named ${given.name} belongs to another step of this request; give this one another name`,
    )
  }
  // The mark of a cluster that was finished goes with its control plane: one that was ready was finished, and holds workloads.
  if (!presence.complete && previous?.notes.ready !== true) return 'cut-off'
  const before = previous?.notes.spec
  // What an older release wrote down lacks the fields that came since: they have their defaults.
  const changed = before === undefined ? [] : differences(specNotes(kindClusterInputs.parse(before)), specNotes(given))
  if (changed.length > 0) {
    throw new ServiceError(
      'PROVISIONING_FAILED',
      `cluster ${given.name} stands and cannot be changed in place (${changed.join(', ')}): give the new cluster another name, or delete this request and send it again`,
    )
  }
  return 'stands'
}

/** What cannot be changed in place. */
export function specNotes({ replaceUnhealthy: _, ...spec }: KindClusterInputs): JsonObject {
  return JSON.parse(JSON.stringify(spec))
}

function differences(before: JsonObject, after: JsonObject): string[] {
  const fields = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...fields].filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]))
}
