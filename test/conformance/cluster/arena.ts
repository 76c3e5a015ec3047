import { randomBytes } from 'node:crypto'
import type { Cluster, KindRef, KubernetesObject, Selection } from '../../../src/clusters/cluster.ts'
import { createWatchRecorder, type WatchRecorder } from './watch-recorder.ts'

export const CONFIG_MAP: KindRef = { apiVersion: 'v1', kind: 'ConfigMap' }
export const NAMESPACE: KindRef = { apiVersion: 'v1', kind: 'Namespace' }

/** What the rules share: the cluster, a namespace for each test, and watches that are ended when the suite ends. */
export interface Arena {
  cluster(): Cluster
  /** Makes a namespace of its own for the calling test. */
  namespace(): Promise<string>
  watch(kind: KindRef, selection: Selection): WatchRecorder
  clean(): Promise<void>
}

export function createArena(cluster: () => Cluster): Arena {
  const namespaces: string[] = []
  const recorders: WatchRecorder[] = []
  return {
    cluster,
    async namespace() {
      const name = unique('rules')
      namespaces.push(name)
      await cluster().apply({ ...NAMESPACE, metadata: { name } })
      return name
    },
    watch(kind, selection) {
      const recorder = createWatchRecorder(cluster(), kind, selection)
      recorders.push(recorder)
      return recorder
    },
    async clean() {
      for (const recorder of recorders) await recorder.stop()
      for (const name of namespaces) await cluster().delete({ ...NAMESPACE, name })
    },
  }
}

export function unique(prefix: string): string {
  return `${prefix}-${randomBytes(4).toString('hex')}`
}

export function configMap(
  namespace: string,
  name: string,
  data: Record<string, string>,
  labels?: Record<string, string>,
): KubernetesObject {
  return { ...CONFIG_MAP, metadata: { name, namespace, ...(labels && { labels }) }, data }
}

export function deployment(namespace: string, name: string, replicas: number): KubernetesObject {
  const labels = { app: name }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'main',
              image: 'registry.k8s.io/pause:3.10',
              resources: { requests: { cpu: '10m', memory: '8Mi' } },
            },
          ],
        },
      },
    },
  }
}

/** Asks until the answer is there; rejects with the last answer after the time limit. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>, timeoutMs = 15_000): Promise<T> {
  const end = Date.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > end) throw new Error(`${what}: not so after ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
