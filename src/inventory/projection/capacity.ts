import { type Amounts, amountsOf, plus } from '../../clusters/amounts.ts'
import { type Billionths, formatQuantity } from '../../clusters/quantity.ts'
import type { NodeView } from './node.ts'

/** One resource of a deployment manager: available = capacity - allocated - reserved (IM 4.2.1.4.5.1). Quantities of Kubernetes. */
export interface ResourceCapacity {
  /** What its nodes have. */
  capacity: string
  /** What the pods that are placed on them ask for. Absent, and `available` with it, while the pods cannot be read. */
  allocated?: string
  /** What the nodes keep for themselves: their capacity less what they offer. */
  reserved: string
  available?: string
}

const ONE: Billionths = 1_000_000_000n

/** Of all nodes, ready or not. `allocated` is undefined where pods cannot be read. */
export function capacityOf(
  nodes: Iterable<NodeView>,
  allocated: Amounts | undefined,
): Record<string, ResourceCapacity> {
  const total: Amounts = {}
  const offered: Amounts = {}
  const binary = new Set<string>()
  for (const { capacity, allocatable } of nodes) {
    plus(total, amountsOf(capacity))
    plus(offered, amountsOf(allocatable))
    for (const [resource, text] of Object.entries(capacity)) if (text.endsWith('i')) binary.add(resource)
  }
  return Object.fromEntries(
    Object.entries(total)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([resource, capacity]) => {
        const words = (amount: Billionths) => wordsOf(resource, amount, binary.has(resource))
        const reserved = capacity - (offered[resource] ?? 0n)
        const taken = allocated && (allocated[resource] ?? 0n)
        return [
          resource,
          {
            capacity: words(capacity),
            ...(taken !== undefined && { allocated: words(taken) }),
            reserved: words(reserved),
            ...(taken !== undefined && { available: words(capacity - taken - reserved) }),
          },
        ]
      }),
  )
}

/** Pods are counted: 3000 reads better than 3k. */
function wordsOf(resource: string, amount: Billionths, binary: boolean): string {
  return resource === 'pods' && amount % ONE === 0n ? String(amount / ONE) : formatQuantity(amount, binary)
}
