import type { Logger } from 'pino'
import type { KindRef } from '../cluster.ts'
import { startInformer } from '../informer.ts'
import { createWorkQueue } from '../work-queue.ts'
import type { SimulatedCluster } from './cluster.ts'

const HOLDERS: KindRef[] = [
  { apiVersion: 'v1', kind: 'Namespace' },
  { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
]
/** How often something that finalizers hold is looked at: they may go at any time, and nobody tells. */
const HELD_MS = 2000

/** Finishes the deletion of namespaces and definitions whose deleter died, or that finalizers held. */
export function runHousekeeping({
  cluster,
  signal,
  log,
}: {
  cluster: SimulatedCluster
  signal: AbortSignal
  log: Logger
}): void {
  for (const kind of HOLDERS) {
    const objects = startInformer({ cluster, kind, signal, log, onChange: (key) => queue.add(key) })
    const queue = createWorkQueue({
      concurrency: 4,
      signal,
      log,
      async work(key) {
        const object = objects.get(key)
        if (object?.metadata.deletionTimestamp === undefined) return
        await cluster.finish({ ...kind, name: object.metadata.name })
        queue.add(key, HELD_MS)
      },
    })
  }
}
