import type { KubernetesObject } from '../../clusters/cluster.ts'
import { isCurrent } from '../../clusters/readiness.ts'
import { messageOf, ServiceError } from '../../errors.ts'
import type { Made } from '../record.ts'
import type { KindClusterInputs } from './kind-cluster-inputs.ts'
import { throughOutages, Unreachable } from './limits.ts'
import type { StepContext } from './step.ts'
import { openTarget } from './target.ts'
import { type Verdict, waitFor } from './waiting.ts'

const NODE = { apiVersion: 'v1', kind: 'Node' }

/**
 * What is wrong with a cluster that was made before: a machine that does not run, an API server that does not answer, a node that was Ready and is not
 * any more. The last two have `withinMs` to come back. Empty when nothing is.
 */
export async function faultsOf(
  given: KindClusterInputs,
  previous: Made | undefined,
  withinMs: number,
  context: StepContext,
): Promise<string[]> {
  const { signal } = context
  const machines = await context.lifecycle(given.driver).faults(given, { signal })
  if (machines.length > 0 || previous?.oCloudId === undefined) return machines
  const limit = AbortSignal.any([signal, AbortSignal.timeout(withinMs)])
  try {
    const cluster = await throughOutages(async () => {
      const opened = await openTarget(previous.oCloudId ?? '', context)
      await opened.list(NODE, {}, { signal: limit })
      return opened
    }, limit)
    if (previous.notes.ready !== true) return []
    await waitFor(cluster, [{ kind: NODE, selection: {} }], (seen) => nodesReady(seen.all(), nodeCount(given)), {
      signal: limit,
    })
    return []
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Unreachable || (error instanceof ServiceError && error.code !== 'TIMEOUT')) {
      return [`its API server does not answer: ${messageOf(error)}`]
    }
    if (error instanceof ServiceError) return [messageOf(error)]
    throw error
  }
}

/** Whether so many nodes are Ready, and the first that is not. */
export function nodesReady(nodes: readonly KubernetesObject[], wanted: number): Verdict {
  const total = Math.max(wanted, nodes.length)
  const waiting = nodes.map((node) => ({ node, ...isCurrent(node) })).filter(({ current }) => !current)
  const ready = nodes.length - waiting.length
  if (ready >= total) return { done: true }
  const [first] = waiting
  const why = first === undefined ? '' : `; ${first.node.metadata.name}: ${first.message}`
  return { done: false, percent: 80 + (15 * ready) / total, message: `${ready} of ${total} nodes Ready${why}` }
}

export const nodeCount = ({ controlPlanes, workers }: KindClusterInputs): number => controlPlanes + workers

/** The refusal to use a cluster that is not well. */
export function unhealthy(name: string, faults: readonly string[]): ServiceError {
  return new ServiceError(
    'KIND_FAILED',
    `cluster ${name} stands but is unhealthy: ${faults.join('; ')}. Repair it, or send replaceUnhealthy: true, which removes it with everything on it and makes it anew`,
  )
}
