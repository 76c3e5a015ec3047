import type { Logger } from 'pino'
import type { Cluster, KindRef, KubernetesObject, ObjectRef } from '../clusters/cluster.ts'
import { type Informer, startInformer } from '../clusters/informer.ts'
import { createWorkQueue } from '../clusters/work-queue.ts'

export interface ControllerParts {
  cluster: Cluster
  kind: KindRef
  /**
   * Brings one object forward; called for every change of it, its own status writes included. Answers after how many milliseconds it wants to look
   * again; undefined: at the next change. When it throws it is called again, later each time.
   */
  reconcile(object: KubernetesObject): Promise<number | undefined>
  onGone?(object: KubernetesObject): void
  signal: AbortSignal
  log: Logger
}

export interface Controller {
  objects: Informer
  /** Looks at that object again. */
  add(key: string): void
}

const CONCURRENCY = 16

/** Follows one kind until the signal aborts. The object is read anew for each call, as watches may lag behind one's own writes. */
export function runController({ cluster, kind, reconcile, onGone, signal, log }: ControllerParts): Controller {
  const queue = createWorkQueue({
    concurrency: CONCURRENCY,
    signal,
    log,
    async work(key) {
      const known = objects.get(key)
      const object = known && (await cluster.get(refOf(known), { signal }))
      if (object === undefined) return
      const again = await reconcile(object)
      if (again !== undefined) queue.add(key, again)
    },
  })
  const objects: Informer = startInformer({
    cluster,
    kind,
    signal,
    log,
    onChange(key, after, before) {
      if (before !== undefined && before.metadata.uid !== after?.metadata.uid) onGone?.(before)
      if (after !== undefined) queue.add(key)
    },
  })
  return { objects, add: (key) => queue.add(key) }
}

export function refOf({ apiVersion, kind, metadata }: KubernetesObject): ObjectRef {
  const { name, namespace } = metadata
  return { apiVersion, kind, name, ...(namespace !== undefined && { namespace }) }
}

/** UTC with a precision of seconds, as these operators write times. */
export function nowInSeconds(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`
}
