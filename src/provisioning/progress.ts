import type { Made, MadeObject, ProvisioningRecord, ResourceProvisioningPhase, StepRecord } from './record.ts'

/** Percent of the whole: every step weighs the same, a running one counts by its own percent. 100 is left to FULFILLED. */
export function percentOf(steps: readonly StepRecord[]): number {
  if (steps.length === 0) return 0
  const sum = steps.reduce((total, step) => total + percentOfStep(step), 0)
  return Math.min(99, Math.floor(sum / steps.length))
}

function percentOfStep(step: StepRecord): number {
  if (step.state === 'SUCCEEDED' || step.state === 'SKIPPED') return 100
  return step.state === 'RUNNING' ? Math.min(step.percent ?? 0, 100) : 0
}

const WORKLOAD_KINDS = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Pod', 'Job', 'CronJob'])

const isWorkload = (object: MadeObject): boolean => WORKLOAD_KINDS.has(object.kind) && object.action !== 'deleted'

/**
 * What the request provisioned, by Provisioning 1.2.0: exactly one of the two kinds (O2IMS 3.4.6.2.5).
 * A template with result `nodeCluster` gives the O-Cloud of its cluster, or the uid of the one that an operator made; any other the uids of the workloads that it placed.
 */
export function provisioned(
  result: 'nodeCluster' | 'resources',
  steps: readonly StepRecord[],
  phase: ResourceProvisioningPhase,
): Pick<ProvisioningRecord, 'provisionedResourceSet' | 'resources'> {
  if (result === 'nodeCluster') {
    const made = steps.find((step) => step.uses === 'kind-cluster' && (step.made?.objects.length ?? 0) > 0)?.made
    const { oCloudId: nodeClusterId, name } = made?.outputs ?? operatorsCluster(steps)
    if (typeof nodeClusterId !== 'string') return {}
    const resourceName = typeof name === 'string' ? name : nodeClusterId
    return {
      provisionedResourceSet: { nodeClusterId },
      resources: [{ resourceName, resourceId: nodeClusterId, resourceProvisioningPhase: phase }],
    }
  }
  const workloads = steps.flatMap((step) => step.made?.objects ?? []).filter(isWorkload)
  const placed = workloads.flatMap(({ name, uid }) => (uid ? [{ resourceName: name, resourceId: uid }] : []))
  if (placed.length === 0 && phase === 'FAILED') return {}
  return {
    provisionedResourceSet: { infrastructureResourceIds: placed.map(({ resourceId }) => resourceId) },
    resources: placed.map((resource) => ({ ...resource, resourceProvisioningPhase: phase })),
  }
}

/** The cluster that the operator of an O-Cloud made. */
function operatorsCluster(steps: readonly StepRecord[]): Made['outputs'] {
  const made = steps.find((step) => typeof step.made?.outputs.nodeClusterId === 'string' && hasObjects(step))?.made
  const { nodeClusterId: oCloudId = null, clusterName: name = null } = made?.outputs ?? {}
  return { oCloudId, name }
}

const hasObjects = (step: StepRecord): boolean => (step.made?.objects.length ?? 0) > 0
