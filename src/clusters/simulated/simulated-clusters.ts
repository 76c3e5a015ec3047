import type { Logger } from 'pino'
import { messageOf, ServiceError } from '../../errors.ts'
import { SIMULATED } from '../../operators/profile.ts'
import { simulatedTarget } from '../../operators/simulated-kubeconfig.ts'
import { FOCOM_MANAGER, startOperators } from '../../operators/start.ts'
import { type Store, VersionConflict } from '../../store/store.ts'
import { whileLeased } from '../../store/while-leased.ts'
import type { Cluster } from '../cluster.ts'
import type { ClusterLifecycle } from '../lifecycle.ts'
import { nodesOf } from '../spec-nodes.ts'
import { createSimulatedCluster } from './cluster.ts'
import type { Delays } from './controllers/pods.ts'
import { runControllers } from './controllers/run.ts'
import { createDirectory } from './directory.ts'
import { runHousekeeping } from './housekeeping.ts'
import { createSimulatedLifecycle, type MadeCluster } from './lifecycle.ts'
import { type SeedOptions, seedCluster } from './seed.ts'
import { createWatchHub } from './watch-hub.ts'

export interface SimulationDelays extends Delays {
  /** Milliseconds that the lifecycle takes to make a cluster. */
  createMs: number
}

const DELAYS: SimulationDelays = { startMs: 300, runMs: 500, createMs: 1500 }
const LEASE = 'simulated-controllers'

export interface InitialiseOptions extends SeedOptions {
  /** The name under which the simulated lifecycle made it: it gets as many nodes as its spec asked for. */
  clusterName?: string
}

/** All O-Clouds that this service plays itself. */
export interface SimulatedClusters {
  /** As that field manager; default: this service. */
  open(oCloudId: string, fieldManager?: string): Cluster
  /** Makes the cluster with its nodes; leaves alone what is there already. Safe to repeat after a death. */
  initialise(oCloudId: string, options?: InitialiseOptions): Promise<void>
  /** Removes every key of it. Fine when it is gone. */
  destroy(oCloudId: string): Promise<void>
  /** Lets this process run the controllers of all simulated clusters, unless another one does. */
  startControllers(): { stop(): Promise<void> }
  lifecycle: ClusterLifecycle
}

export interface SimulatedClustersParts {
  store: Pick<Store, 'objects' | 'secrets' | 'leases'>
  log: Logger
  delays?: Partial<SimulationDelays>
}

export function createSimulatedClusters({ store, log, delays }: SimulatedClustersParts): SimulatedClusters {
  const settings = { ...DELAYS, ...delays }
  const hub = createWatchHub(store)
  const oClouds = createDirectory<{ complete: boolean }>({ store, kind: 'OCloud' })
  const made = createDirectory<MadeCluster>({ store, kind: 'Cluster' })
  const open = (oCloudId: string, fieldManager?: string) =>
    createSimulatedCluster({ oCloudId, store, hub, fieldManager })

  function play(oCloudId: string, signal: AbortSignal): void {
    const cluster = open(oCloudId, 'simulated-controllers')
    runHousekeeping({ cluster, signal, log })
    runControllers({ cluster, scheduler: open(oCloudId, 'simulated-scheduler'), delays: settings, signal, log })
    startOperators({ open: (manager) => open(oCloudId, manager), openRemote, profile: SIMULATED, signal, log })
  }

  function openRemote(kubeconfig: string): Cluster {
    const oCloudId = simulatedTarget(kubeconfig)
    if (oCloudId !== undefined) return open(oCloudId, FOCOM_MANAGER)
    throw new ServiceError('INVALID_KUBECONFIG', 'a FoCoM that is simulated reaches simulated O-Clouds only')
  }

  return {
    open,
    lifecycle: createSimulatedLifecycle({ clusters: made, createMs: settings.createMs }),

    async initialise(oCloudId, { clusterName, ...seed } = {}) {
      const known = await oClouds.get(oCloudId)
      if (known?.value.complete) return
      const spec = clusterName === undefined ? undefined : (await made.get(clusterName))?.value.spec
      await store.objects.create(oCloudId)
      await seedCluster(open(oCloudId), { ...(spec && { nodes: nodesOf(spec) }), ...seed })
      try {
        await oClouds.put(oCloudId, { complete: true }, known?.revision ?? 0)
      } catch (error) {
        // Two at once make the same objects; one of them is first to say so.
        if (!(error instanceof VersionConflict)) throw error
      }
    },

    async destroy(oCloudId) {
      const known = await oClouds.get(oCloudId)
      try {
        if (known !== undefined) await oClouds.remove(oCloudId, known.revision)
      } catch (error) {
        if (!(error instanceof VersionConflict)) throw error
      }
      await store.objects.drop(oCloudId)
    },

    startControllers() {
      const stop = new AbortController()
      const ended = whileLeased({ leases: store.leases, name: LEASE, signal: stop.signal, log, work: playAll })
      return {
        async stop() {
          stop.abort()
          await ended
        },
      }
    },
  }

  /** Follows the directory: one set of controllers for each cluster in it. Resolves when the signal aborts. */
  async function playAll(signal: AbortSignal): Promise<void> {
    const playing = new Map<string, AbortController>()
    let again = Promise.resolve()

    function set(oCloudId: string, here: boolean): void {
      const known = playing.get(oCloudId)
      if (here === (known !== undefined) || signal.aborted) return
      known?.abort()
      playing.delete(oCloudId)
      if (!here) return
      const one = new AbortController()
      playing.set(oCloudId, one)
      play(oCloudId, AbortSignal.any([signal, one.signal]))
    }

    async function readAll(): Promise<void> {
      const names = new Set((await oClouds.list()).map(({ name }) => name))
      for (const name of playing.keys()) if (!names.has(name)) set(name, false)
      for (const name of names) set(name, true)
    }

    const unsubscribe = oClouds.subscribe(
      ({ type, name }) => set(name, type !== 'DELETED'),
      () => {
        again = again.then(readAll).catch((error: unknown) => {
          log.warn({ reason: messageOf(error) }, 'the list of simulated O-Clouds cannot be read')
        })
      },
    )
    try {
      await readAll()
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve()
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
      await again
    } finally {
      unsubscribe()
      for (const one of playing.values()) one.abort()
    }
  }
}
