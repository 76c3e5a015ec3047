import type { Cluster, KindRef, KubernetesObject } from '../../clusters/cluster.ts'
import { stringAt } from '../../clusters/fields.ts'
import { servedKinds } from '../../clusters/served.ts'
import { ServiceError } from '../../errors.ts'
import type { JsonObject } from '../../json.ts'
import { behaviourAnnotation } from '../../operators/behaviour.ts'
import { CAPI_CLUSTER, PACKAGES_NAMESPACE } from '../../operators/kinds.ts'
import type { Dialect } from '../dialects.ts'
import type { Made } from '../record.ts'
import { endWords, type RequestView } from './operator-verdict.ts'
import type { StepContext } from './step.ts'

const DEFINITION = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }

/** The name of our request: the same whenever the step runs, and nobody else's. The O-Cloud Manager takes UUIDs only. */
export const requestNameOf = ({ nameIsUuid }: Dialect, { request, step }: StepContext): string =>
  nameIsUuid ? request.reference : `${step}-${request.reference}`

/** The parameters as they are sent. The o2ims-operator refuses a request without clusterName: one that is not given is made up, the same whenever the step runs. */
export function completed(given: JsonObject, dialect: Dialect, { request, step }: StepContext): JsonObject {
  if (!dialect.needsClusterName || given.clusterName !== undefined) return given
  return { ...given, clusterName: `${step.slice(0, 40)}-${request.reference.slice(0, 8)}` }
}

/** Annotations for operators that are played: none on real targets. */
export function playedAnnotations(cluster: Cluster, { operatorBehaviour }: StepContext): Record<string, string> {
  return cluster.simulated && operatorBehaviour !== undefined ? behaviourAnnotation(operatorBehaviour) : {}
}

/** Rejects with APPLY_FAILED that names each definition which the cluster lacks, or has in another version. */
export async function requireKinds(
  cluster: Cluster,
  kinds: readonly { kind: KindRef; definition: string }[],
  { signal }: StepContext,
): Promise<void> {
  const scopes = await Promise.all(kinds.map(({ kind }) => cluster.scope(kind, { signal })))
  const lacking = kinds.filter((_, index) => scopes[index] === undefined)
  if (lacking.length === 0) return
  const faults = await Promise.all(
    lacking.map(async ({ kind, definition }) => {
      const served = await servedVersions(cluster, definition, signal)
      const fault = served === undefined ? 'is missing' : `serves ${served}, not ${kind.apiVersion}`
      return `CustomResourceDefinition ${definition} ${fault}`
    }),
  )
  throw new ServiceError(
    'APPLY_FAILED',
    `${faults.join('; ')} on O-Cloud ${cluster.oCloudId}: install the operator that brings it, or its definitions`,
  )
}

/** Of a definition that stands; undefined where there is none, or where we may not look. */
async function servedVersions(cluster: Cluster, name: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const live = await cluster.get({ ...DEFINITION, name }, { signal })
    if (live === undefined) return undefined
    return (
      servedKinds(live)
        .map((kind) => kind.apiVersion)
        .join(', ') || 'nothing'
    )
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'APPLY_FAILED') return undefined
    throw error
  }
}

/** The name of the cluster that a request asks for. */
export function clusterNameOf(request: KubernetesObject): string | null {
  return stringAt(request, 'spec', 'templateParameters', 'clusterName') ?? null
}

/** What the step leaves behind once its request has ended well. */
export async function ended(made: Made, oCloud: Cluster, view: RequestView, context: StepContext): Promise<Made> {
  const { clusterName } = made.outputs
  const request = typeof view.remote === 'object' ? view.remote : undefined
  const name = typeof clusterName === 'string' ? clusterName : undefined
  const { requestId = null, clusterUid, nodeClusterId = null } = await provisionedIds(oCloud, request, name, context)
  const notes = { ...made.notes, summary: endWords(view), ...(clusterUid !== undefined && { clusterUid }) }
  return { ...made, outputs: { ...made.outputs, requestId, nodeClusterId }, notes }
}

/** The ids of what was provisioned: uids, which stay; those in the operator's status are random and change with its restarts (nephio.md B.3). */
async function provisionedIds(
  cluster: Cluster,
  request: KubernetesObject | undefined,
  clusterName: string | undefined,
  { signal }: StepContext,
): Promise<{ requestId?: string; clusterUid?: string; nodeClusterId?: string }> {
  const requestId = request?.metadata.uid
  const clusterUid = await clusterUidOf(cluster, clusterName, signal)
  const nodeClusterId = clusterUid ?? requestId
  return {
    ...(requestId !== undefined && { requestId }),
    ...(clusterUid !== undefined && { clusterUid }),
    ...(nodeClusterId !== undefined && { nodeClusterId }),
  }
}

/** Undefined where there is none, or where we may not look. */
async function clusterUidOf(
  cluster: Cluster,
  name: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (name === undefined) return undefined
  try {
    const ref = { ...CAPI_CLUSTER, namespace: PACKAGES_NAMESPACE, name }
    return (await cluster.get(ref, { signal }))?.metadata.uid
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'APPLY_FAILED') return undefined
    throw error
  }
}
