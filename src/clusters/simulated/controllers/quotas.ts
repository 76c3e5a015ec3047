import type { JsonObject } from '../../../json.ts'
import { type Amounts, amountsOf, limitsOf, requestsOf } from '../../amounts.ts'
import type { KubernetesObject } from '../../cluster.ts'
import { at, isObject, listAt, stringAt } from '../../fields.ts'
import { keyOf } from '../../informer.ts'
import { formatQuantity } from '../../quantity.ts'

/** What the pods of each namespace take, against its quotas. Only cpu, memory and pods are counted; other resources of a quota are not. */
export interface Quotas {
  setQuota(key: string, quota: KubernetesObject | undefined): void
  /** A pod as it stands; undefined when it is gone. True when room may have become free. */
  setPod(key: string, pod: KubernetesObject | undefined): boolean
  /** Keeps room for a pod that is about to be made. Answers the API server's refusal when a quota leaves none. */
  admit(pod: KubernetesObject): string | undefined
  /** What was kept for a pod that was not made after all is free again. */
  release(key: string): void
  /** The status of a quota; undefined when nothing of it is counted. */
  statusOf(quota: KubernetesObject): JsonObject
}

export function createQuotas(): Quotas {
  const quotas = new Map<string, KubernetesObject>()
  /** By namespace, then by pod. */
  const taken = new Map<string, Map<string, Amounts>>()

  const namespaceOf = (key: string): string => key.split('/', 1)[0] ?? ''
  const podsIn = (namespace: string): Map<string, Amounts> => taken.get(namespace) ?? new Map()

  function put(key: string, amounts: Amounts): void {
    const namespace = namespaceOf(key)
    taken.set(namespace, podsIn(namespace).set(key, amounts))
  }

  function drop(key: string): boolean {
    const pods = podsIn(namespaceOf(key))
    const known = pods.delete(key)
    if (pods.size === 0) taken.delete(namespaceOf(key))
    return known
  }

  function used(namespace: string, resource: string): bigint {
    let sum = 0n
    for (const amounts of podsIn(namespace).values()) sum += amounts[resource] ?? 0n
    return sum
  }

  return {
    setQuota(key, quota) {
      if (quota === undefined) quotas.delete(key)
      else quotas.set(key, quota)
    },
    setPod(key, pod) {
      const phase = stringAt(pod, 'status', 'phase')
      if (pod === undefined || phase === 'Succeeded' || phase === 'Failed') return drop(key)
      put(key, quotaAmounts(pod.spec))
      return false
    },
    admit(pod) {
      const key = keyOf(pod)
      const namespace = namespaceOf(key)
      const wants = quotaAmounts(pod.spec)
      if (!podsIn(namespace).has(key)) {
        const refusal = [...quotas].flatMap(([name, quota]) =>
          namespaceOf(name) === namespace ? (refusalOf(pod, wants, quota, used) ?? []) : [],
        )[0]
        if (refusal !== undefined) return refusal
      }
      put(key, wants)
      return undefined
    },
    release: (key) => void drop(key),
    statusOf(quota) {
      const namespace = quota.metadata.namespace ?? ''
      const counted = Object.keys(hardOf(quota)).filter((resource) => RESOURCES.has(resource))
      const amounts = counted.map((resource) => [resource, shown(resource, used(namespace, resource))] as const)
      return { hard: at(quota, 'spec', 'hard') as JsonObject, used: Object.fromEntries(amounts) }
    },
  }
}

const RESOURCES = new Set(['pods', 'cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'])

function quotaAmounts(podSpec: unknown): Amounts {
  const requests = requestsOf(podSpec)
  const limits = limitsOf(podSpec)
  const { cpu = 0n, memory = 0n, pods = 0n } = requests
  const both = { cpu, memory, 'requests.cpu': cpu, 'requests.memory': memory }
  return { pods, ...both, 'limits.cpu': limits.cpu ?? 0n, 'limits.memory': limits.memory ?? 0n }
}

const hardOf = (quota: KubernetesObject): Amounts => amountsOf(at(quota, 'spec', 'hard'))

/** In the words of the API server's admission. */
function refusalOf(
  pod: KubernetesObject,
  wants: Amounts,
  quota: KubernetesObject,
  used: (namespace: string, resource: string) => bigint,
): string | undefined {
  const { name, namespace = '' } = pod.metadata
  const hard = Object.entries(hardOf(quota)).filter(([resource]) => RESOURCES.has(resource))
  const said = `pods "${name}" is forbidden:`
  const unsaid = hard.filter(([resource]) => !isSaid(pod.spec, resource)).map(([resource]) => resource)
  if (unsaid.length > 0) return `${said} failed quota: ${quota.metadata.name}: must specify ${unsaid.join(',')}`
  const over = hard.filter(([resource, most]) => used(namespace, resource) + (wants[resource] ?? 0n) > most)
  if (over.length === 0) return undefined
  const list = (amount: (resource: string, most: bigint) => bigint) =>
    over.map(([resource, most]) => `${resource}=${shown(resource, amount(resource, most))}`).join(',')
  const requested = list((resource) => wants[resource] ?? 0n)
  const taken = list((resource) => used(namespace, resource))
  return `${said} exceeded quota: ${quota.metadata.name}, requested: ${requested}, used: ${taken}, limited: ${list((_, most) => most)}`
}

/** Every container of a pod has to say what a quota bounds. */
function isSaid(podSpec: unknown, resource: string): boolean {
  if (resource === 'pods') return true
  const kind = resource.endsWith('cpu') ? 'cpu' : 'memory'
  const says = (container: unknown, which: string) => {
    const amounts = at(container, 'resources', which)
    return isObject(amounts) && amounts[kind] !== undefined
  }
  return [...listAt(podSpec, 'initContainers'), ...listAt(podSpec, 'containers')].every(
    (container) => says(container, 'limits') || (!resource.startsWith('limits.') && says(container, 'requests')),
  )
}

const shown = (resource: string, amount: bigint): string => formatQuantity(amount, resource.endsWith('memory'))
