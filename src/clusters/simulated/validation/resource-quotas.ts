import { parseQuantity } from '../../quantity.ts'
import { amountsAt, canonical, isNegative, NEGATIVE, QUALIFIED, UNKNOWN_RESOURCE } from './quantities.ts'

const WHOLE = [
  'configmaps',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
  'services.loadbalancers',
  'services.nodeports',
]
const AMOUNTS = ['cpu', 'memory', 'ephemeral-storage']
const STANDARD = new Set([
  ...WHOLE,
  ...AMOUNTS,
  ...AMOUNTS.flatMap((resource) => [`requests.${resource}`, `limits.${resource}`]),
  'requests.storage',
])
const HUGE_PAGES = /^(requests\.)?hugepages-/

/** What the server finds wrong with what a ResourceQuota bounds, each with its place. */
export function quotaFaults(object: unknown): string[] {
  return amountsAt(object, 'spec', 'hard').flatMap(([resource, amount]) => {
    const path = `spec.hard[${resource}]`
    return [
      ...nameFaults(resource).map((why) => `${path}: Invalid value: ${resource}: ${why}`),
      ...(isNegative(amount) ? [`${path}: Invalid value: "${canonical(amount)}": ${NEGATIVE}`] : []),
      ...(isWhole(resource) && parseQuantity(amount) % ONE !== 0n
        ? [`${path}: Invalid value: "${canonical(amount)}": must be an integer`]
        : []),
    ]
  })
}

const ONE = parseQuantity('1')

const isWhole = (resource: string): boolean => WHOLE.includes(resource) || resource.startsWith('count/')

function nameFaults(resource: string): string[] {
  if (STANDARD.has(resource) || HUGE_PAGES.test(resource) || QUALIFIED.test(resource)) return []
  if (resource.includes('/'))
    return [
      "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    ]
  return [UNKNOWN_RESOURCE, 'must be a standard resource for quota']
}
