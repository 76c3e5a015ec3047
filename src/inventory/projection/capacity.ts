import { type Amounts, plus } from '../../clusters/amounts.ts'
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
  for (const { capacity, allocatable } of nodes) {
    plus(total, capacity)
    plus(offered, allocatable)
  }
  return Object.fromEntries(
    Object.entries(total)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([resource, capacity]) => {
        const words = (amount: Billionths) => wordsOf(resource, amount)
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

const BYTES = /^(memory|ephemeral-storage|hugepages-.*)$/

/** What is counted reads better in digits alone: 16000 cores, not 16k. */
function wordsOf(resource: string, amount: Billionths): string {
  if (BYTES.test(resource)) return formatQuantity(amount, true)
  return amount % ONE === 0n ? String(amount / ONE) : formatQuantity(amount)
}
