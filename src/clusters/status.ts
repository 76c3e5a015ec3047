import { messageOf, ServiceError } from '../errors.ts'
import type { Capacity, Cluster, KubernetesObject, OCloudStatus } from './cluster.ts'
import { at, isObject } from './fields.ts'
import { patience } from './patience.ts'
import { addQuantities, isQuantity, parseQuantity } from './quantity.ts'

/** For everything that one look at a cluster asks. */
const LIMIT_MS = 3000
const NODES = { apiVersion: 'v1', kind: 'Node' }

/** Looks at a cluster, with a time limit. Never rejects: a cluster that is away is an answer. */
export async function lookAt(open: () => Promise<Cluster>, limitMs = LIMIT_MS): Promise<OCloudStatus> {
  // On a worker with a thousand requests an O-Cloud that answers at once would count as away.
  const { signal, clear } = patience(limitMs)
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener(
      'abort',
      () => reject(new ServiceError('UNAVAILABLE', `no answer within ${limitMs / 1000} s`)),
      { once: true },
    )
  })
  try {
    return await Promise.race([ask(open, signal), late])
  } catch (error) {
    return { reachable: false, message: plainWords(error), checkedAt: now() }
  } finally {
    clear()
  }
}

async function ask(open: () => Promise<Cluster>, signal: AbortSignal): Promise<OCloudStatus> {
  const cluster = await open()
  const version = await cluster.version({ signal })
  try {
    const nodes = await cluster.list(NODES, {}, { signal })
    return {
      reachable: true,
      version,
      nodes: nodes.length,
      capacity: sum(nodes, 'capacity'),
      allocatable: sum(nodes, 'allocatable'),
      checkedAt: now(),
    }
  } catch (error) {
    // An account without the right to read nodes reaches its cluster all the same.
    if (error instanceof ServiceError && error.code === 'APPLY_FAILED') {
      return { reachable: true, message: `its nodes cannot be read: ${error.message}`, version, checkedAt: now() }
    }
    throw error
  }
}

/** The sum over nodes of each resource that any of them names. */
export function sum(nodes: readonly KubernetesObject[], field: 'capacity' | 'allocatable'): Capacity {
  const total: Capacity = { cpu: '0', memory: '0', pods: '0' }
  for (const node of nodes) {
    const resources = at(node, 'status', field)
    if (!isObject(resources)) continue
    for (const [resource, quantity] of Object.entries(resources)) {
      if (typeof quantity === 'string' && isQuantity(quantity))
        total[resource] = addQuantities(total[resource] ?? '0', quantity)
    }
  }
  // Pods are counted: 3000 reads better than 3k.
  return { ...total, pods: plainNumber(total.pods) }
}

function plainNumber(quantity: string): string {
  const billionths = parseQuantity(quantity)
  return billionths % ONE === 0n ? String(billionths / ONE) : quantity
}

const ONE = 1_000_000_000n

/** Errors of our own are written for readers; what others throw may hold an address with credentials. */
export function plainWords(error: unknown): string {
  return error instanceof ServiceError ? messageOf(error) : 'the cluster cannot be reached'
}

const now = (): string => new Date().toISOString()

/** Statuses, each asked once for however many want it, and kept for a while. */
export interface StatusCache {
  get(oCloudId: string, version: string, look: () => Promise<OCloudStatus>): Promise<OCloudStatus>
}

const MOST = 1000

export function createStatusCache(seconds: number): StatusCache {
  const known = new Map<string, { version: string; at: number; status: Promise<OCloudStatus> }>()
  return {
    get(oCloudId, version, look) {
      const last = known.get(oCloudId)
      if (last && last.version === version && performance.now() - last.at < seconds * 1000) return last.status
      const entry = { version, at: Infinity, status: look() }
      known.delete(oCloudId)
      known.set(oCloudId, entry)
      const oldest = known.keys().next().value
      if (known.size > MOST && oldest !== undefined) known.delete(oldest)
      // Counted from the answer on: while it is asked, everybody waits for the same one.
      entry.status.finally(() => {
        entry.at = performance.now()
      })
      return entry.status
    },
  }
}
