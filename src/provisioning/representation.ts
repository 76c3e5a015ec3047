import type { FailureRecord, MadeObject, ProvisioningRecord, StepRecord } from './record.ts'
import type { FrontDoorInfo, ProvisioningRequestInfo, StepProgress } from './schema.ts'

/** Where requests stand on the front door. */
export const FRONT_DOOR = '/o2ims/v1/provisioningRequests'

/** ProvisioningRequestInfo (O2IMS 3.4.6.2.3) with the status fields of 1.2.0, and nothing else. */
export function canonicalInfo(record: ProvisioningRecord): ProvisioningRequestInfo {
  return {
    provisioningRequestData: record.data,
    provisioningRequestReference: record.reference,
    status: {
      updateTime: record.updateTime,
      message: record.message,
      provisioningPhase: record.phase,
      ...resourceStatus(record),
    },
    ...(record.provisionedResourceSet && { provisionedResourceSet: record.provisionedResourceSet }),
  }
}

/** The same with options, progress and links. */
export function frontDoorInfo(record: ProvisioningRecord): FrontDoorInfo {
  const self = `${FRONT_DOOR}/${record.provisioningRequestId}`
  return {
    ...canonicalInfo(record),
    ...(record.options && { options: { ...record.options } }),
    progress: {
      percent: record.percent,
      currentStep: record.currentStep,
      generation: record.generation,
      deadline: record.deadline,
      simulated: record.simulated,
      steps: record.steps.map(stepProgress),
      ...(record.approval && { approval: { ...record.approval } }),
      ...(record.error && { error: failure(record.error) }),
    },
    links: { events: `${self}/events`, report: `${self}/report` },
  }
}

export function stepProgress(step: StepRecord): StepProgress {
  return {
    name: step.name,
    uses: step.uses,
    state: step.state,
    ...(step.startedAt !== undefined && { startedAt: step.startedAt }),
    ...(step.finishedAt !== undefined && { finishedAt: step.finishedAt }),
    ...durationOf(step.startedAt, step.finishedAt),
    ...(step.message !== undefined && { message: step.message }),
    ...(step.percent !== undefined && { percent: step.percent }),
    ...objectsOf(step),
  }
}

/** What a step has touched; what it only intends to make is no fact yet. */
function objectsOf({ made }: StepRecord): Pick<StepProgress, 'objects'> {
  const seen = (made?.objects ?? []).filter((object) => !object.intended)
  return seen.length === 0 ? {} : { objects: seen.map(touched) }
}

export function failure(error: FailureRecord): NonNullable<FrontDoorInfo['progress']['error']> {
  return {
    code: error.code,
    exitCode: error.exitCode,
    step: error.step,
    cause: error.cause,
    undone: error.undone.map(touched),
    left: error.left.map((object) => ({ ...touched(object), reason: object.reason })),
    ...(error.rolledBackTo !== undefined && { rolledBackTo: error.rolledBackTo }),
  }
}

/** Milliseconds between two times; nothing while one of them is missing. */
export function durationOf(from: string | undefined, to: string | undefined): { durationMs?: number } {
  if (from === undefined || to === undefined) return {}
  return { durationMs: Math.max(0, Date.parse(to) - Date.parse(from)) }
}

function touched({ apiVersion, kind, namespace, name, oCloudId, action }: MadeObject) {
  const where = { ...(namespace !== undefined && { namespace }), name, ...(oCloudId !== undefined && { oCloudId }) }
  return { apiVersion, kind, ...where, action }
}

/** Provisioning 1.2.0: only the kind that the request provisions. */
function resourceStatus({ resources, result }: ProvisioningRecord): Partial<ProvisioningRequestInfo['status']> {
  if (!resources) return {}
  if (result === 'resources') return { infrastructureResourceProvisioningStatus: resources }
  const [cluster] = resources
  return cluster ? { nodeClusterProvisioningStatus: cluster } : {}
}
