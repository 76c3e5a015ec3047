import type { KubernetesObject } from '../../clusters/cluster.ts'
import { at, isObject, listAt } from '../../clusters/fields.ts'
import { OWNER_LABEL } from '../../clusters/ownership.ts'
import { addQuantities, compareQuantities, subtractQuantities } from '../../clusters/quantity.ts'
import { containersOf, limitsOf, requestsOf } from '../../packages/requests.ts'
import { isRunning } from './capacity.ts'
import { isWorkload, nameOf, refOf } from './object-order.ts'

/** `hard` of a ResourceQuota, and whose it is, for the reader. */
export interface Bound {
  name: string
  hard: Readonly<Record<string, string | number>>
}

/** What a quota counts of pods; all else it bounds is for the API server to judge. */
const COUNTED = {
  pods: 'pods',
  cpu: 'requests',
  memory: 'requests',
  'requests.cpu': 'requests',
  'requests.memory': 'requests',
  'limits.cpu': 'limits',
  'limits.memory': 'limits',
} as const

type Counted = keyof typeof COUNTED

export interface Beside {
  /** Pods that stand in the namespace already. */
  others: readonly KubernetesObject[]
  /** Jobs that run beside what is wanted, one at a time. */
  jobs?: readonly KubernetesObject[]
  /** How many pods a DaemonSet has. */
  nodes?: number
}

/** Why these objects do not fit within the bounds beside all else, one sentence for each resource of a bound; empty when they do. */
export function quotaShortages(
  wanted: readonly KubernetesObject[],
  bounds: readonly Bound[],
  { others, jobs = [], nodes = 1 }: Beside,
): string[] {
  const pods = others.filter(isRunning)
  return bounds.flatMap(({ name, hard }) =>
    (Object.keys(COUNTED) as Counted[]).flatMap((resource) => {
      const most = hard[resource]
      if (most === undefined) return []
      const asked = jobs
        .map((job) => amountOf(resource, [...wanted, job], nodes))
        .reduce((most, one) => (compareQuantities(one, most) > 0 ? one : most), amountOf(resource, wanted, nodes))
      const taken = amountOf(resource, pods, 1)
      if (compareQuantities(addQuantities(asked, taken), String(most)) <= 0) return []
      const room = subtractQuantities(String(most), taken)
      const left = compareQuantities(room, '0') > 0 ? room : '0'
      return [`${resource}: ${asked} asked for, ${left} left of ${most} in the ${name}`]
    }),
  )
}

function amountOf(resource: Counted, objects: readonly KubernetesObject[], nodes: number): string {
  const total = COUNTED[resource] === 'limits' ? limitsOf(objects, nodes) : requestsOf(objects, nodes)
  if (resource === 'pods') return total.pods
  return resource.endsWith('cpu') ? total.cpu : total.memory
}

/** Containers that say nothing of a resource that is bounded: the API server takes no such pod, unless a LimitRange of the namespace fills it in. */
export function unsaid(wanted: readonly KubernetesObject[], bounds: readonly Bound[]): string[] {
  return bounds.flatMap(({ name, hard }) =>
    (Object.keys(COUNTED) as Counted[]).flatMap((resource) => {
      if (hard[resource] === undefined || resource === 'pods') return []
      const silent = wanted
        .filter(isWorkload)
        .find((object) => containersOf(object).some((one) => !says(one, resource)))
      const what = COUNTED[resource] === 'limits' ? 'limit' : 'request'
      const kind = resource.endsWith('cpu') ? 'cpu' : 'memory'
      if (silent === undefined) return []
      return [
        `${resource}: the ${name} bounds it, and a container of ${nameOf(refOf(silent))} names no ${what} of ${kind}`,
      ]
    }),
  )
}

function says(container: unknown, resource: Counted): boolean {
  const kind = resource.endsWith('cpu') ? 'cpu' : 'memory'
  const has = (which: string) => at(container, 'resources', which, kind) !== undefined
  return has('limits') || (COUNTED[resource] === 'requests' && has('requests'))
}

/** The bounds of the quotas that others have put on the namespace. Those for some pods only are left to the API server. */
export function boundsOf(quotas: readonly KubernetesObject[], reference: string): Bound[] {
  return quotas.flatMap((quota) => {
    const { spec, metadata } = quota
    const scoped = listAt(spec, 'scopes').length > 0 || at(spec, 'scopeSelector') !== undefined
    const hard = at(spec, 'hard')
    if (scoped || !isObject(hard) || metadata.labels?.[OWNER_LABEL] === reference) return []
    const texts = Object.entries(hard).map(([resource, most]) => [resource, String(most)] as const)
    return [{ name: `quota ${metadata.name} of the namespace`, hard: Object.fromEntries(texts) }]
  })
}
