import { ServiceError } from '../../../errors.ts'
import type { KubernetesObject } from '../../cluster.ts'
import { at, conditionOf, isObject, listAt, stringAt } from '../../fields.ts'
import { type Billionths, parseQuantity } from '../../quantity.ts'

/** Amounts by resource; `pods` counts like any other. */
export type Amounts = Record<string, Billionths>

const ONE_POD: Billionths = 1_000_000_000n

/** The label by which a pod asks for one node. */
export const HOSTNAME = 'kubernetes.io/hostname'

/** What a pod keeps of its node: the requests of its containers, a limit counting where there is no request. */
export function requestsOf(podSpec: unknown): Amounts {
  return totalOf(podSpec, { pods: ONE_POD }, wanted)
}

/** What a pod may take at most, as far as its containers say. */
export function limitsOf(podSpec: unknown): Amounts {
  return totalOf(podSpec, {}, (container) => amountsOf(at(container, 'resources', 'limits')))
}

function totalOf(podSpec: unknown, start: Amounts, amounts: (container: unknown) => Amounts): Amounts {
  const total = start
  for (const container of listAt(podSpec, 'containers')) {
    for (const [resource, amount] of Object.entries(amounts(container)))
      total[resource] = (total[resource] ?? 0n) + amount
  }
  for (const container of listAt(podSpec, 'initContainers')) {
    for (const [resource, amount] of Object.entries(amounts(container))) {
      if (amount > (total[resource] ?? 0n)) total[resource] = amount
    }
  }
  return total
}

function wanted(container: unknown): Amounts {
  return { ...amountsOf(at(container, 'resources', 'limits')), ...amountsOf(at(container, 'resources', 'requests')) }
}

export function allocatableOf(node: KubernetesObject): Amounts {
  return amountsOf(at(node, 'status', 'allocatable'))
}

export function amountsOf(value: unknown): Amounts {
  const amounts: Amounts = {}
  for (const [resource, quantity] of Object.entries(isObject(value) ? value : {})) {
    const amount = amountOf(String(quantity))
    if (amount !== undefined) amounts[resource] = amount
  }
  return amounts
}

/** What cannot be read asks for nothing. */
function amountOf(quantity: string): Billionths | undefined {
  try {
    return parseQuantity(quantity)
  } catch (error) {
    if (error instanceof ServiceError) return undefined
    throw error
  }
}

/** Why the node cannot take it; undefined when it can. */
export function obstacle(node: KubernetesObject, used: Amounts, wants: Amounts, podSpec: unknown): string | undefined {
  if (at(node, 'spec', 'unschedulable') === true) return 'node(s) were unschedulable'
  if (conditionOf(node, 'Ready')?.status !== 'True') return 'node(s) were not ready'
  const selector = at(podSpec, 'nodeSelector')
  for (const [label, value] of Object.entries(isObject(selector) ? selector : {})) {
    const found = stringAt(node, 'metadata', 'labels', label) ?? (label === HOSTNAME ? node.metadata.name : undefined)
    if (found !== value) return "node(s) didn't match Pod's node affinity/selector"
  }
  const offers = allocatableOf(node)
  for (const [resource, amount] of Object.entries(wants)) {
    if (amount > 0n && (used[resource] ?? 0n) + amount > (offers[resource] ?? 0n)) {
      return resource === 'pods' ? 'Too many pods' : `Insufficient ${resource}`
    }
  }
  return undefined
}

/** The scheduler's sentence: `0/3 nodes are available: 3 Insufficient cpu.` */
export function unschedulable(obstacles: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const reason of obstacles) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).join(', ')
  return `0/${obstacles.length} nodes are available${reasons === '' ? '' : `: ${reasons}`}.`
}
