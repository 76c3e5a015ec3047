import { type Amounts, amountsOf } from '../../amounts.ts'
import type { KubernetesObject } from '../../cluster.ts'
import { at, conditionOf, isObject, stringAt } from '../../fields.ts'

/** The label by which a pod asks for one node. */
export const HOSTNAME = 'kubernetes.io/hostname'

export function allocatableOf(node: KubernetesObject): Amounts {
  return amountsOf(at(node, 'status', 'allocatable'))
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
