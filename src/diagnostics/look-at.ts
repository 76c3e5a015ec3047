import type { Cluster } from '../clusters/cluster.ts'
import { messageOf } from '../errors.ts'
import { events } from './collectors/events.ts'
import { kptInventory } from './collectors/kpt-inventory.ts'
import { missingKinds } from './collectors/missing-kinds.ts'
import { nodes } from './collectors/nodes.ts'
import { operatorLogs } from './collectors/operator-logs.ts'
import { pods } from './collectors/pods.ts'
import { workloads } from './collectors/workloads.ts'
import type { DiagnosedTarget } from './schema.ts'
import type { Collector, DiagnosePorts, Scene, Target } from './subject.ts'
import { within } from './within.ts'

const STATUS_MS = 5_000
const KIND_LOGS_MS = 15_000
const KIND_LOG_BYTES = 16 * 1024

/** Everything that can be found out about one target before the signal aborts; never rejects. */
export async function lookAt(
  target: Target,
  { ports, ...context }: Pick<Scene, 'reference' | 'since' | 'signal'> & { ports: DiagnosePorts },
): Promise<DiagnosedTarget> {
  const { signal } = context
  const found: DiagnosedTarget = { name: target.name, reachable: false, notCollected: [] }

  async function keep<K extends keyof DiagnosedTarget>(
    what: K,
    limitMs: number,
    look: (signal: AbortSignal) => Promise<DiagnosedTarget[K]>,
  ): Promise<void> {
    try {
      found[what] = await within(limitMs, signal, look)
    } catch (error) {
      found.notCollected.push({ what, why: messageOf(error) })
    }
  }

  /** Undefined when it does not answer: asking it for more would only take time. */
  async function reach(oCloudId: string): Promise<Cluster | undefined> {
    try {
      const { reachable, message, version } = await within(STATUS_MS, signal, () => ports.status(oCloudId))
      Object.assign(found, { reachable, ...(message !== undefined && { message }), ...(version && { version }) })
      const cluster = await within(STATUS_MS, signal, () => ports.open(oCloudId))
      Object.assign(found, { simulated: cluster.simulated, endpoint: cluster.endpoint })
      return reachable ? cluster : undefined
    } catch (error) {
      found.message = messageOf(error)
      return undefined
    }
  }

  async function lookInside(oCloudId: string): Promise<void> {
    found.oCloudId = oCloudId
    await keep('name', STATUS_MS, () => ports.describe(oCloudId))
    const cluster = await reach(oCloudId)
    if (cluster === undefined) return
    const scene = (own: AbortSignal): Scene => ({ ...context, target, cluster, signal: own })
    const look = <K extends keyof DiagnosedTarget>(what: K, collector: Collector<NonNullable<DiagnosedTarget[K]>>) =>
      keep(what, collector.limitMs, (own) => collector.collect(scene(own)))
    await Promise.all([
      look('pods', pods),
      look('workloads', workloads),
      look('nodes', nodes),
      look('events', events),
      look('missingKinds', missingKinds),
      look('operatorLogs', operatorLogs),
      look('kptInventory', kptInventory),
    ])
  }

  async function readNodes({ driver, clusterName }: NonNullable<Target['made']>): Promise<void> {
    const lifecycle = ports.lifecycle(driver)
    if (!lifecycle.logs) return
    await keep('kindLogs', KIND_LOGS_MS, async (own) => {
      const logs = await lifecycle.logs?.(clusterName, { signal: own, maxBytes: KIND_LOG_BYTES })
      return (logs ?? []).map(({ name, text }) => ({ name, text }))
    })
  }

  const { oCloudId, made } = target
  if (oCloudId === undefined) found.message = 'it was not registered yet'
  await Promise.all([oCloudId === undefined ? undefined : lookInside(oCloudId), made && readNodes(made)])
  return found
}
