import type { KubernetesObject } from '../../clusters/cluster.ts'
import { conditionOf, stringAt } from '../../clusters/fields.ts'
import { CAPI_CLUSTER, PACKAGE_VARIANT, PACKAGES_NAMESPACE } from '../kinds.ts'
import { noteHandled } from './kopf.ts'
import type { HandlerParts } from './old-generation.ts'
import { belongsTo, packageVariantOf } from './package-variant.ts'
import {
  ASKED_TO_FAIL,
  CREATED,
  clusterNameOf,
  NO_CLUSTER_NAME,
  publish,
  type ResourceIds,
  stateOf,
  TIMED_OUT,
} from './status.ts'

/**
 * The rewritten o2ims-operator, one pass: one look at what it waits for, told in the status, also before it gives up. A fulfilled request stays so when
 * the operator starts again. Answers after how many milliseconds it looks again; undefined: the request has ended.
 */
export async function passNewGeneration(parts: HandlerParts): Promise<number | undefined> {
  const { cluster, request, profile, behaviour } = parts
  if (stateOf(request) === 'fulfilled') return undefined
  if (behaviour.behaviour === 'silent') return await giveUp(parts, undefined, 'PermanentError (simulated)')
  const clusterName = clusterNameOf(request)
  if (clusterName === undefined || behaviour.behaviour === 'missing-cluster-name') {
    return await giveUp(parts, NO_CLUSTER_NAME)
  }
  if (stateOf(request) !== 'progressing') {
    await publish(cluster, request, 'progressing', 'Cluster instance rendering ongoing')
    return profile.stepMs
  }
  if (behaviour.behaviour === 'failed') return await giveUp(parts, behaviour.refused ?? ASKED_TO_FAIL)
  const rendered = await render(parts, clusterName)
  if (typeof rendered === 'object') return await giveUp(parts, rendered.refused)
  if (!rendered) return profile.observeMs
  const ids = behaviour.behaviour === 'timeout-text' ? undefined : await idsOf(parts, clusterName)
  if (ids !== undefined) {
    await publish(cluster, request, 'fulfilled', CREATED, ids)
    await noteHandled(cluster, request)
    return undefined
  }
  if (behaviour.behaviour === 'timeout-text' || isLate(request, profile.creationMs))
    return await giveUp(parts, TIMED_OUT)
  await publish(cluster, request, 'progressing', 'Cluster resource creation ongoing')
  return profile.observeMs
}

/** After how many of its steps Porch tries again what has failed. */
const SECOND_TRY_STEPS = 10

async function giveUp({ cluster, request }: HandlerParts, message?: string, error = message): Promise<undefined> {
  if (message !== undefined) await publish(cluster, request, 'failed', message)
  await noteHandled(cluster, request, error)
}

/** Ready=False may pass: Porch tries again. A PackageVariant of that name that is another's is the end. */
async function render(
  { cluster, request, profile, behaviour, signal }: HandlerParts,
  clusterName: string,
): Promise<boolean | { refused: string }> {
  if ((await cluster.scope(PACKAGE_VARIANT, { signal })) === undefined) {
    if (profile.packages === 'when-there')
      return behaviour.behaviour !== 'render-error' || isLate(request, SECOND_TRY_STEPS * profile.stepMs)
    return { refused: 'Cluster instance rendering failed: PackageVariant is not served' }
  }
  const { name } = request.metadata
  const ref = { ...PACKAGE_VARIANT, namespace: PACKAGES_NAMESPACE, name }
  const variant = await cluster.get(ref, { signal })
  if (variant === undefined) {
    await cluster.apply(packageVariantOf(request, clusterName, 'new'), { signal, expect: 'absent' })
    return false
  }
  if (!belongsTo(variant, request, clusterName)) {
    return { refused: `Cluster instance rendering failed: PackageVariant ${name} belongs to another request` }
  }
  return conditionOf(variant, 'Ready')?.status === 'True'
}

/** The uids of the cluster and of its infrastructure, once it is there; undefined before. */
async function idsOf(
  { cluster, request, profile, signal }: HandlerParts,
  name: string,
): Promise<ResourceIds | undefined> {
  if (profile.packages === 'when-there' && (await cluster.scope(CAPI_CLUSTER, { signal })) === undefined) {
    const { uid = '' } = request.metadata
    return { cluster: uid, infrastructure: uid }
  }
  const made = await cluster.get({ ...CAPI_CLUSTER, namespace: PACKAGES_NAMESPACE, name }, { signal })
  if (made === undefined || stringAt(made, 'status', 'phase') !== 'Provisioned') return undefined
  const { uid = '' } = made.metadata
  return { cluster: uid, infrastructure: stringAt(made, 'spec', 'infrastructureRef', 'uid') ?? uid }
}

/** Counted from when the request was made: a restart gives no new time. That is known to the second, rounded down. */
function isLate({ metadata }: KubernetesObject, ms: number): boolean {
  return Date.now() - Date.parse(metadata.creationTimestamp ?? '') > ms + 1000
}
