import type { OCloudStatus } from '../clusters/cluster.ts'
import { groupOf } from '../clusters/fields.ts'
import type { MadeObject, ProvisioningPhase, ProvisioningRecord, StepRecord, StepState } from './record.ts'
import { type Observed, observedOf } from './report-observed.ts'
import type { StatusRow } from './status-table-text.ts'
import { isAtRest, isNamespace, isWorkload, keyOf } from './steps/object-order.ts'
import { CLUSTER_KIND } from './steps/target.ts'

/** An O-Cloud of the request, as it answers now. */
export interface SeenOCloud {
  oCloudId: string
  name: string
  status: OCloudStatus
}

const MOST_ROWS = 200

/** The words of the seed's table. */
const PHASES: Record<ProvisioningPhase, string> = {
  PENDING: 'Pending',
  PROGRESSING: 'InProgress',
  FULFILLED: 'Ready',
  FAILED: 'Failed',
  DELETING: 'Deleting',
}

const STATES: Record<StepState, string> = {
  PENDING: 'Pending',
  RUNNING: 'InProgress',
  SUCCEEDED: 'Applied',
  SKIPPED: 'Applied',
  FAILED: 'Failed',
  UNDOING: 'Deleting',
  UNDONE: 'Deleted',
}

/** Of what a step used and did not make: it is let go, and stands for as long as others want it. */
const RELEASING: Partial<Record<StepState, string>> = { UNDOING: 'Releasing', UNDONE: 'Released' }

/** The request, its O-Clouds, and what each step has made there. */
export function statusRows(record: ProvisioningRecord, oClouds: readonly SeenOCloud[]): StatusRow[] {
  const request: StatusRow = {
    resource: record.provisioningRequestId,
    type: 'ProvisioningReq',
    status: PHASES[record.phase],
    message: record.message,
  }
  const rows = [request, ...oClouds.map(oCloudRow), ...makingRows(record), ...objectRows(record, awayOf(oClouds))]
  if (rows.length <= MOST_ROWS) return rows
  const more = { resource: `… and ${rows.length - MOST_ROWS + 1} more`, type: '', status: '', message: '' }
  return [...rows.slice(0, MOST_ROWS - 1), more]
}

function oCloudRow({ name, status: { reachable, message, version, nodes } }: SeenOCloud): StatusRow {
  const told = [version, nodes === undefined ? undefined : `${nodes} ${nodes === 1 ? 'node' : 'nodes'}`]
  return {
    resource: name,
    type: 'Cluster',
    status: reachable ? 'Ready' : 'Unreachable',
    message: reachable ? told.filter(Boolean).join(', ') : (message ?? ''),
  }
}

/** Clusters that are being made, or whose making failed: no O-Cloud yet. */
function makingRows({ steps }: ProvisioningRecord): StatusRow[] {
  return steps.flatMap((step) => {
    const cluster = step.made?.oCloudId === undefined ? step.made?.objects.find(isCluster) : undefined
    if (!cluster) return []
    const status = step.state === 'RUNNING' ? 'Provisioning' : STATES[step.state]
    return [{ resource: cluster.name, type: 'Cluster', status, message: step.message ?? '' }]
  })
}

const awayOf = (oClouds: readonly SeenOCloud[]): ReadonlySet<string> =>
  new Set(oClouds.flatMap(({ oCloudId, status }) => (status.reachable ? [] : [oCloudId])))

function objectRows(record: ProvisioningRecord, away: ReadonlySet<string>): StatusRow[] {
  const observed = new Map(
    (observedOf(record)?.workloads ?? []).map((workload) => [keyOf(workload), workload] as const),
  )
  const atRest = record.phase === 'FULFILLED' || record.phase === 'FAILED'
  return record.steps.flatMap((step) =>
    mainObjects(step).map((object) => {
      const { kind, namespace, name, oCloudId = step.made?.oCloudId ?? '' } = object
      const named = { resource: namespace === undefined ? name : `${namespace}/${name}`, type: kind }
      const known = stateAndWords(record, step, object, observed.get(keyOf(object)))
      // Nobody knows now: all that is left is what was known.
      return atRest && away.has(oCloudId)
        ? { ...named, status: 'Unknown', message: `was ${known.status}: ${known.message}` }
        : { ...named, ...known }
    }),
  )
}

function stateAndWords(
  { phase }: ProvisioningRecord,
  step: StepRecord,
  object: MadeObject,
  seen: Observed['workloads'][number] | undefined,
): Pick<StatusRow, 'status' | 'message'> {
  // What was seen at the end says more than the step, until something else happens to it.
  if (seen && phase === 'FULFILLED') return { status: seen.ready ? 'Ready' : 'NotReady', message: seen.state }
  const status = phase === 'FULFILLED' ? 'Ready' : stateOf(step, object)
  return { status, message: `${step.name}: ${wordsOf(step, object)}` }
}

/** What an undo has removed is no longer among the objects: what stands below an undone step is of an earlier generation, or of others as well. */
function stateOf({ state }: StepRecord, { madeIn }: MadeObject): string {
  if (madeIn === undefined) return RELEASING[state] ?? STATES[state]
  return state === 'UNDONE' ? STATES.SUCCEEDED : STATES[state]
}

function wordsOf({ state, message }: StepRecord, { madeIn, action }: MadeObject): string {
  if (madeIn === undefined && RELEASING[state] !== undefined) return 'used, and left to its other users'
  if (madeIn !== undefined && state === 'UNDONE') return `of generation ${madeIn}`
  return message ?? action
}

/** Workloads and custom resources; a step that has none of these shows its first object. */
function mainObjects({ made }: StepRecord): MadeObject[] {
  const standing = (made?.objects ?? []).filter((object) => object.action !== 'deleted' && !isCluster(object))
  const main = standing.filter((object) => isWorkload(object) || isCustom(object))
  return main.length > 0 ? main : standing.slice(0, 1)
}

const isCluster = ({ apiVersion, kind }: MadeObject): boolean =>
  apiVersion === CLUSTER_KIND.apiVersion && kind === CLUSTER_KIND.kind

/** Kinds of Kubernetes itself have short groups, or end in k8s.io. */
function isCustom(object: MadeObject): boolean {
  const group = groupOf(object.apiVersion)
  return group.includes('.') && !group.endsWith('.k8s.io') && !isAtRest(object) && !isNamespace(object)
}
