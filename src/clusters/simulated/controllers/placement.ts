import { type Amounts, requestsOf } from '../../amounts.ts'
import type { KubernetesObject } from '../../cluster.ts'
import { stringAt } from '../../fields.ts'
import { allocatableOf, obstacle, unschedulable } from './scheduling.ts'

/** Which pod takes how much of which node. */
export interface Placement {
  setNode(name: string, node: KubernetesObject | undefined): void
  /** A pod as it stands; undefined when it is gone. True when room may have become free. */
  setPod(key: string, pod: KubernetesObject | undefined): boolean
  /** Chooses the emptiest node with room and keeps the room for that pod. */
  place(key: string, podSpec: unknown): { node: string } | { reason: string }
  nodes(): KubernetesObject[]
}

interface Placed {
  node: string
  wants: Amounts
}

export function createPlacement(): Placement {
  const nodes = new Map<string, KubernetesObject>()
  const placed = new Map<string, Placed>()
  const used = new Map<string, Amounts>()

  function count({ node, wants }: Placed, sign: 1n | -1n): void {
    const sum = used.get(node) ?? {}
    used.set(node, sum)
    for (const [resource, amount] of Object.entries(wants)) sum[resource] = (sum[resource] ?? 0n) + sign * amount
  }

  function free(key: string): boolean {
    const before = placed.get(key)
    if (before === undefined) return false
    count(before, -1n)
    return placed.delete(key)
  }

  function keep(key: string, next: Placed): void {
    free(key)
    count(next, 1n)
    placed.set(key, next)
  }

  return {
    nodes: () => [...nodes.values()],
    setNode(name, node) {
      if (node === undefined) nodes.delete(name)
      else nodes.set(name, node)
    },
    setPod(key, pod) {
      const phase = stringAt(pod, 'status', 'phase')
      if (pod === undefined || phase === 'Succeeded' || phase === 'Failed') return free(key)
      const node = stringAt(pod, 'spec', 'nodeName')
      if (node !== undefined && placed.get(key)?.node !== node) keep(key, { node, wants: requestsOf(pod.spec) })
      return false
    },
    place(key, podSpec) {
      const known = placed.get(key)
      if (known !== undefined) return { node: known.node }
      const wants = requestsOf(podSpec)
      const obstacles: string[] = []
      let best: { name: string; load: number } | undefined
      for (const [name, node] of nodes) {
        const taken = used.get(name) ?? {}
        const reason = obstacle(node, taken, wants, podSpec)
        const load = loadOf(taken, allocatableOf(node))
        if (reason !== undefined) obstacles.push(reason)
        else if (best === undefined || load < best.load) best = { name, load }
      }
      if (best === undefined) return { reason: unschedulable(obstacles) }
      keep(key, { node: best.name, wants })
      return { node: best.name }
    },
  }
}

function loadOf(taken: Amounts, offers: Amounts): number {
  const share = (resource: string) => Number(taken[resource] ?? 0n) / Math.max(Number(offers[resource] ?? 0n), 1)
  return share('cpu') + share('memory') + share('pods')
}
