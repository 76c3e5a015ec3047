import type { Logger } from 'pino'
import type { Cluster, KindRef, KubernetesObject } from '../clusters/cluster.ts'
import { startInformer } from '../clusters/informer.ts'
import { keyOfRef, kindKey, kindOfDefinition, servesVersion } from '../clusters/simulated/kinds.ts'
import { createWorkQueue } from '../clusters/work-queue.ts'

const DEFINITION: KindRef = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }
/** Between a definition and its kind an API server takes a moment. */
const SOON_MS = 100

export interface ServedKinds {
  /** Calls `start` whenever the cluster begins to serve that kind; its signal aborts when it no longer does. */
  whileServed(kind: KindRef, start: (signal: AbortSignal) => void): void
}

/** Follows the definitions of one cluster: operators are there before, and after, the kinds that they act on. */
export function followServedKinds({
  cluster,
  signal,
  log,
}: {
  cluster: Cluster
  signal: AbortSignal
  log: Logger
}): ServedKinds {
  const wanted = new Map<string, { kind: KindRef; start: (signal: AbortSignal) => void }>()
  const served = new Map<string, { uid: string | undefined; stop: AbortController }>()
  const definitions = new Map<string, KubernetesObject>()

  const queue = createWorkQueue({
    concurrency: 4,
    signal,
    log,
    async work(key) {
      const definition = definitions.get(key)
      const one = wanted.get(key)
      const running = served.get(key)
      if (running !== undefined && running.uid !== definition?.metadata.uid) {
        running.stop.abort()
        served.delete(key)
      }
      if (one === undefined || definition === undefined || served.has(key)) return
      if (!(await answers(one.kind))) return queue.add(key, SOON_MS)
      const stop = new AbortController()
      served.set(key, { uid: definition.metadata.uid, stop })
      one.start(AbortSignal.any([signal, stop.signal]))
    },
  })

  async function answers(kind: KindRef): Promise<boolean> {
    if ((await cluster.scope(kind, { signal })) === undefined) return false
    await cluster.list(kind, {}, { signal })
    return true
  }

  startInformer({
    cluster,
    kind: DEFINITION,
    signal,
    log,
    onChange(_key, after, before) {
      const known = kindOfDefinition(after ?? before)
      if (known === undefined) return
      const key = kindKey(known.group, known.kind)
      const one = wanted.get(key)
      if (one === undefined) return
      if (after !== undefined && servesVersion(known, one.kind)) definitions.set(key, after)
      else definitions.delete(key)
      queue.add(key)
    },
  })

  return {
    whileServed(kind, start) {
      wanted.set(keyOfRef(kind), { kind, start })
    },
  }
}
