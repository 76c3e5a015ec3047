import { randomUUID } from 'node:crypto'
import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import { stringAt } from '../../clusters/fields.ts'
import { pause } from '../../clusters/simulated/pause.ts'
import type { OperatorBehaviour } from '../behaviour.ts'
import { CAPI_CLUSTER, PACKAGE_VARIANT, PACKAGES_NAMESPACE } from '../kinds.ts'
import type { O2imsProfile } from '../profile.ts'
import { noteHandled } from './kopf.ts'
import { lastCondition, packageVariantOf } from './package-variant.ts'
import {
  ASKED_TO_FAIL,
  CREATED,
  clusterNameOf,
  NO_CLUSTER_NAME,
  publish,
  RENDERED,
  TIMED_OUT,
  VALIDATED,
} from './status.ts'

export interface HandlerParts {
  cluster: Cluster
  request: KubernetesObject
  profile: O2imsProfile
  behaviour: OperatorBehaviour & { refused?: string }
  /** Aborts when the request is gone or the operator stops. */
  signal: AbortSignal
}

/**
 * The handler of the first o2ims-operator (Python, kopf), which runs when a request is made and again for every request, fulfilled ones too, when
 * the operator starts. What goes wrong before the first message is written leaves no trace in the status, ever.
 */
export async function runOldGeneration(parts: HandlerParts): Promise<void> {
  const { cluster, request, profile, behaviour, signal } = parts
  const step = async () => {
    await pause(profile.stepMs, signal)
    signal.throwIfAborted()
  }
  const clusterName = clusterNameOf(request)
  if (behaviour.behaviour === 'silent') return await noteHandled(cluster, request, 'PermanentError (simulated)')
  if (clusterName === undefined || behaviour.behaviour === 'missing-cluster-name') {
    await publish(cluster, request, 'failed', NO_CLUSTER_NAME)
    return await noteHandled(cluster, request)
  }
  const trouble = await render(parts, clusterName)
  if (trouble !== undefined) return await noteHandled(cluster, request, trouble)
  await publish(cluster, request, 'progressing', VALIDATED)
  await step()
  await publish(cluster, request, 'progressing', RENDERED)
  await step()
  await end(parts, clusterName)
  await noteHandled(cluster, request)
}

async function end({ cluster, request, profile, behaviour, signal }: HandlerParts, clusterName: string): Promise<void> {
  if (behaviour.behaviour === 'failed') {
    return await publish(cluster, request, 'failed', behaviour.refused ?? ASKED_TO_FAIL)
  }
  const made =
    behaviour.behaviour !== 'timeout-text' && (await clusterProvisioned(cluster, clusterName, profile, signal))
  if (!made) return await publish(cluster, request, 'failed', TIMED_OUT)
  // Two random ids that are related to nothing.
  await publish(cluster, request, 'fulfilled', CREATED, { cluster: randomUUID(), infrastructure: randomUUID() })
}

/** Why the package could not be rendered: what it writes nowhere. Undefined: it was. */
async function render(parts: HandlerParts, clusterName: string): Promise<string | undefined> {
  const { cluster, request, profile, behaviour, signal } = parts
  if ((await cluster.scope(PACKAGE_VARIANT, { signal })) === undefined) {
    if (profile.packages === 'required') return 'notFound'
    return behaviour.behaviour === 'render-error' ? 'Cluster instance rendering failed Error (simulated)' : undefined
  }
  const ref = { ...PACKAGE_VARIANT, namespace: PACKAGES_NAMESPACE, name: request.metadata.name }
  if ((await cluster.get(ref, { signal })) === undefined) {
    await cluster.apply(packageVariantOf(request, clusterName, 'old'), { signal })
  }
  const until = performance.now() + profile.renderMs
  while (performance.now() < until) {
    const variant = await cluster.get(ref, { signal })
    if (variant === undefined) return 'Cluster instance rendering failed'
    const condition = lastCondition(variant)
    if (condition?.status === 'True') return undefined
    if (condition?.status === 'False') return `Cluster instance rendering failed ${condition.reason}`
    await pause(profile.observeMs, signal)
    signal.throwIfAborted()
  }
  return TIMED_OUT
}

async function clusterProvisioned(
  cluster: Cluster,
  name: string,
  profile: O2imsProfile,
  signal: AbortSignal,
): Promise<boolean> {
  if (profile.packages === 'when-there' && (await cluster.scope(CAPI_CLUSTER, { signal })) === undefined) return true
  const until = performance.now() + profile.creationMs
  while (performance.now() < until) {
    const made = await cluster.get({ ...CAPI_CLUSTER, namespace: PACKAGES_NAMESPACE, name }, { signal })
    if (stringAt(made, 'status', 'phase') === 'Provisioned') return true
    await pause(profile.observeMs, signal)
    signal.throwIfAborted()
  }
  return false
}
