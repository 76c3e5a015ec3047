import { hasMade } from './lifecycle.ts'
import type { ProvisioningRecord } from './record.ts'
import { observedOf } from './report-observed.ts'
import { durationOf, FRONT_DOOR, failure, stepProgress } from './representation.ts'
import type { Report } from './schema.ts'

/** What happened to a request, from its record alone. Before the end it says that it is unfinished. */
export function reportOf(record: ProvisioningRecord): Report {
  const observed = observedOf(record)
  return {
    provisioningRequestId: record.provisioningRequestId,
    provisioningRequestReference: record.reference,
    name: record.data.name,
    description: record.data.description,
    template: { name: record.data.templateName, version: record.data.templateVersion },
    simulated: record.simulated,
    finished: record.phase === 'FULFILLED' || record.phase === 'FAILED',
    provisioningPhase: record.phase,
    message: record.message,
    generation: record.generation,
    percent: record.percent,
    createdAt: record.createdAt,
    ...(record.startedAt !== undefined && { startedAt: record.startedAt }),
    ...(record.finishedAt !== undefined && { finishedAt: record.finishedAt }),
    ...durationOf(record.startedAt, record.finishedAt),
    deadline: record.deadline,
    steps: record.steps.map(stepProgress),
    ...(record.approval && { approval: { ...record.approval } }),
    ...(record.error && { error: failure(record.error) }),
    ...(record.provisionedResourceSet && { provisionedResourceSet: record.provisionedResourceSet }),
    ...(observed && { observed }),
    access: access(record),
    undo: { method: 'DELETE', path: `${FRONT_DOOR}/${record.provisioningRequestId}` },
  }
}

function access({ oCloudIds, simulated, steps }: ProvisioningRecord): Report['access'] {
  // A cluster that an operator made has an id, and is no O-Cloud of ours.
  const own = steps.filter((step) => step.uses === 'kind-cluster' && hasMade(step))
  const made = new Set(own.flatMap((step) => step.made?.oCloudId ?? []))
  return [...new Set([...oCloudIds, ...made])].map((oCloudId) => {
    const oCloud = `/o2ims/v1/ocloud/${oCloudId}`
    return { oCloudId, oCloud, ...(made.has(oCloudId) && !simulated && { kubeconfig: `${oCloud}/kubeconfig` }) }
  })
}
