import { ServiceError } from '../../../errors.ts'
import type { JsonObject } from '../../../json.ts'
import type { Cluster, KubernetesObject } from '../../cluster.ts'
import { at, isObject, stringAt } from '../../fields.ts'
import { type Informer, keyOf } from '../../informer.ts'
import { isJsonObject } from '../admission.ts'
import { condition } from './conditions.ts'
import type { OwnedPods } from './owned-pods.ts'
import type { Placement } from './placement.ts'
import { isReady, unscheduledReason } from './pod-status.ts'
import type { Quotas } from './quotas.ts'
import { HOSTNAME } from './scheduling.ts'
import { HASH_LABEL, takeCensus, templateHash, type WantedPod, type WorkloadRules } from './workload-rules.ts'
import { writeStatus } from './write-status.ts'

export interface WorkloadParts {
  rules: WorkloadRules
  cluster: Cluster
  objects: Pick<Informer, 'get'>
  owned: OwnedPods
  placement: Placement
  quotas: Pick<Quotas, 'admit' | 'release'>
  /** A quota keeps the workload from being served: it is looked at again when there may be room. */
  onRefused(key: string): void
}

/** Pods that are made at once for one workload. */
const AT_ONCE = 20

/** Brings the pods of one workload nearer to what it wants, and writes its status. */
export function createWorkloadWork({
  rules,
  cluster,
  objects,
  owned,
  placement,
  quotas,
  onRefused,
}: WorkloadParts): (key: string) => Promise<void> {
  /** Answers why a quota does not let the pod be made. */
  async function create(object: KubernetesObject, wanted: WantedPod, hash: string): Promise<string | undefined> {
    const pod = podOf(object, rules, wanted, hash)
    const refused = quotas.admit(pod)
    if (refused !== undefined) return refused
    const placed = placement.place(keyOf(pod), pod.spec)
    if ('node' in placed) pod.spec = { ...pod.spec, nodeName: placed.node }
    try {
      await cluster.apply(pod, { expect: 'absent' })
    } catch (error) {
      // It is there and this process has not heard of it yet, or another worker was first.
      if (error instanceof ServiceError && error.code === 'CONFLICT') return undefined
      quotas.release(keyOf(pod))
      throw error
    }
    return undefined
  }

  async function remove(pods: KubernetesObject[]): Promise<void> {
    for (const { metadata } of pods) {
      const ref = { apiVersion: 'v1', kind: 'Pod', namespace: metadata.namespace, name: metadata.name }
      await cluster.delete(ref, { uid: metadata.uid }).catch((error: unknown) => {
        if (!(error instanceof ServiceError) || error.code !== 'CONFLICT') throw error
      })
    }
  }

  return async (key) => {
    const object = objects.get(key)
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return
    const hash = templateHash(object)
    const wanted = rules.wanted(object, placement.nodes(), hash)
    const names = new Set(wanted.map(({ name }) => name))
    const pods = owned.of(object.metadata.uid)
    const fresh = (pod: KubernetesObject) => stringAt(pod, 'metadata', 'labels', HASH_LABEL) === hash
    const serving = pods.filter((pod) => names.has(pod.metadata.name) && fresh(pod))
    const standing = new Set(serving.map(({ metadata }) => metadata.name))
    const missing = wanted.filter(({ name }) => !standing.has(name))
    const surplus = pods.filter((pod) => !names.has(pod.metadata.name) || !fresh(pod))
    const served = missing.length === 0 && serving.every((pod) => isReady(pod) || unscheduledReason(pod) !== undefined)
    const old = surplus.filter((pod) => !fresh(pod))
    const kept = rules.replacesGently(object) && !served ? old : []
    await remove(surplus.filter((pod) => !kept.includes(pod)))
    const taken = new Set(pods.map(({ metadata }) => metadata.name))
    const free = missing.filter(({ name }) => !taken.has(name))
    let refused: string | undefined
    for (let index = 0; index < free.length; index += AT_ONCE) {
      const answers = await Promise.all(free.slice(index, index + AT_ONCE).map((one) => create(object, one, hash)))
      refused ??= answers.find((answer) => answer !== undefined)
    }
    if (refused !== undefined) onRefused(key)
    await writeStatus(cluster, object, (current) => {
      if (templateHash(current) !== hash) return undefined
      const status = rules.status(current, takeCensus(owned.of(object.metadata.uid), hash), wanted.length)
      return refused === undefined ? status : withRefusal(current, status, refused)
    })
  }
}

/** Real Deployments and ReplicaSets have this condition; the others say it in an event only. */
function withRefusal(object: KubernetesObject, status: JsonObject, refused: string): JsonObject {
  const conditions = Array.isArray(status.conditions) ? status.conditions : []
  return {
    ...status,
    conditions: [...conditions, condition(object, 'ReplicaFailure', 'True', 'FailedCreate', refused)],
  }
}

function podOf(
  object: KubernetesObject,
  rules: WorkloadRules,
  { name, node }: WantedPod,
  hash: string,
): KubernetesObject {
  const template = at(object, 'spec', 'template')
  const labels = textsOf(at(template, 'metadata', 'labels'))
  const annotations = textsOf(at(template, 'metadata', 'annotations'))
  const owner = {
    ...rules.kind,
    name: object.metadata.name,
    uid: object.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: object.metadata.namespace,
      labels: { ...labels, [HASH_LABEL]: hash },
      ...(Object.keys(annotations).length > 0 && { annotations }),
      ownerReferences: [owner],
    },
    spec: specOf(object, node),
  }
}

function specOf({ spec }: KubernetesObject, node: string | undefined): JsonObject {
  const template = spec?.template
  const own = isJsonObject(template) && isJsonObject(template.spec) ? template.spec : {}
  if (node === undefined) return own
  const selector = isJsonObject(own.nodeSelector) ? own.nodeSelector : {}
  return { ...own, nodeSelector: { ...selector, [HOSTNAME]: node } }
}

function textsOf(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(isObject(value) ? value : {}).map(([key, text]) => [key, String(text)]))
}
