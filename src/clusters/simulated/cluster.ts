import type { Store } from '../../store/store.ts'
import type { Cluster } from '../cluster.ts'
import { stringAt } from '../fields.ts'
import { endOf, LOG_BYTES, LOG_LINES } from '../log-end.ts'
import { FIELD_MANAGER } from '../ownership.ts'
import { createApply } from './apply.ts'
import { createKindLookup } from './kind-lookup.ts'
import { namespaceOf } from './naming.ts'
import { createReleaseFinalizer } from './release-finalizer.ts'
import { createRemoval, type Removal } from './removal.ts'
import { createStoredObjects, shown } from './stored-objects.ts'
import { select, watchObjects } from './watch.ts'
import type { WatchHub } from './watch-hub.ts'
import { createWriteStatus } from './write-status.ts'

/** What a simulated API server says that it is. */
export const SIMULATED_VERSION = 'v1.33.0+simulated'

/** What a simulated pod printed. */
export const LOG_ANNOTATION = 'o2ims.simulated/log'
const POD = { apiVersion: 'v1', kind: 'Pod' }

export interface SimulatedClusterParts {
  oCloudId: string
  store: Pick<Store, 'objects' | 'secrets'>
  hub: WatchHub
  /** Who applies; default: this service. */
  fieldManager?: string
}

/** A simulated cluster also finishes what a controller manager finishes on a real one. */
export type SimulatedCluster = Cluster & Pick<Removal, 'finish'>

/**
 * The `simulated` driver of the cluster port: a Kubernetes API server as far as the pipeline can see, with its objects in our store. Controllers
 * (./controllers) make its Deployments come up. Opens nothing and keeps nothing open.
 */
export function createSimulatedCluster({
  oCloudId,
  store,
  hub,
  fieldManager = FIELD_MANAGER,
}: SimulatedClusterParts): SimulatedCluster {
  const objects = createStoredObjects({ oCloudId, store })
  const kinds = createKindLookup({ objects })
  const removal = createRemoval({ objects, kinds })
  return {
    oCloudId,
    simulated: true,
    endpoint: `simulated://${oCloudId}`,
    apply: createApply({ objects, kinds, fieldManager }),
    releaseFinalizer: createReleaseFinalizer({ objects, kinds }),
    updateStatus: createWriteStatus({ objects, kinds }),
    delete: removal.delete,
    finish: removal.finish,

    async version({ signal } = {}) {
      signal?.throwIfAborted()
      await objects.requireCluster()
      return SIMULATED_VERSION
    },

    async get(ref, { signal } = {}) {
      signal?.throwIfAborted()
      const known = await kinds.find(ref)
      if (known === undefined) return undefined
      const { standing } = await objects.read(known, namespaceOf(known, ref), ref.name)
      return standing === undefined ? undefined : shown(standing.object, standing.revision, ref.apiVersion)
    },

    async list(kind, selection = {}, { signal } = {}) {
      signal?.throwIfAborted()
      return (await select({ objects }, await kinds.need(kind), kind, selection)).objects.sort(byName)
    },

    async *watch(kind, selection, signal, { onReach, onOpen } = {}) {
      signal.throwIfAborted()
      onReach?.({ reachable: true })
      onOpen?.()
      yield* watchObjects({ oCloudId, objects, hub }, await kinds.need(kind), kind, selection, signal)
    },

    async scope(kind, { signal } = {}) {
      signal?.throwIfAborted()
      return (await kinds.find(kind))?.scope
    },

    async logs({ namespace, name }, { signal, limitBytes = LOG_BYTES, tailLines = LOG_LINES } = {}) {
      signal?.throwIfAborted()
      const known = await kinds.need(POD)
      const { standing } = await objects.read(known, namespace, name)
      return (
        standing &&
        endOf(stringAt(standing.object, 'metadata', 'annotations', LOG_ANNOTATION) ?? '', tailLines, limitBytes)
      )
    },

    async close() {
      // Nothing of its own is open: watches end by their signals.
    },
  }
}

type Listed = Awaited<ReturnType<Cluster['list']>>[number]

function byName({ metadata: a }: Listed, { metadata: b }: Listed): number {
  const [one, two] = [`${a.namespace ?? ''}/${a.name}`, `${b.namespace ?? ''}/${b.name}`]
  return one < two ? -1 : one > two ? 1 : 0
}
