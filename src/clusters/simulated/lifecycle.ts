import { ServiceError } from '../../errors.ts'
import { VersionConflict } from '../../store/store.ts'
import type { ClusterLifecycle, ClusterSpec, LifecycleOptions } from '../lifecycle.ts'
import { nodesOf } from '../spec-nodes.ts'
import { SIMULATED_VERSION } from './cluster.ts'
import type { Directory } from './directory.ts'
import { pause } from './pause.ts'

/** A cluster that the simulated lifecycle made: known by name, as kind knows its clusters. */
export interface MadeCluster {
  spec: ClusterSpec
  owner: string
  complete: boolean
}

const STAGES: [percent: number, message: string][] = [
  [10, 'Ensuring node image'],
  [30, 'Preparing nodes'],
  [50, 'Writing configuration'],
  [70, 'Starting control-plane'],
  [85, 'Installing CNI'],
  [95, 'Installing StorageClass'],
]

/** The `simulated` driver of the cluster lifecycle: takes its time and tells of it as kind does, and makes nothing but a record. */
export function createSimulatedLifecycle({
  clusters,
  createMs,
}: {
  clusters: Directory<MadeCluster>
  /** Milliseconds that making a cluster takes. */
  createMs: number
}): ClusterLifecycle {
  return {
    driver: 'simulated',

    async check({ signal } = {}) {
      signal?.throwIfAborted()
      return [{ name: 'simulated kind', version: SIMULATED_VERSION }]
    },

    async find(name, { signal } = {}) {
      signal?.throwIfAborted()
      const found = await clusters.get(name)
      if (found === undefined) return { state: 'absent' }
      return { state: 'present', owner: found.value.owner, complete: found.value.complete }
    },

    async create(spec, { reference }, { signal, progress }: LifecycleOptions = {}) {
      signal?.throwIfAborted()
      const made: MadeCluster = { spec, owner: reference, complete: false }
      try {
        await clusters.put(spec.name, made, 0)
      } catch (error) {
        if (!(error instanceof VersionConflict)) throw error
        throw new ServiceError('KIND_FAILED', `node(s) already exist for a cluster with the name "${spec.name}"`, {
          cause: error,
        })
      }
      for (const [percent, message] of STAGES) {
        progress?.(percent, message)
        await pause(createMs / STAGES.length, signal)
        signal?.throwIfAborted()
      }
      const standing = await clusters.get(spec.name)
      if (standing?.value.owner !== reference) {
        throw new ServiceError('KIND_FAILED', `the cluster "${spec.name}" was deleted while it was being made`)
      }
      await clusters.put(spec.name, { ...made, complete: true }, standing.revision)
    },

    async faults({ name }, { signal } = {}) {
      signal?.throwIfAborted()
      return (await clusters.get(name)) === undefined ? [`the simulated cluster ${name} is gone`] : []
    },

    async logs(name, { signal } = {}) {
      signal?.throwIfAborted()
      const found = await clusters.get(name)
      if (found === undefined) return []
      return nodesOf(found.value.spec).map((node) => ({
        name: `${node.name}/simulated.log`,
        text: `this node is simulated: the making of its cluster was ${found.value.complete ? 'finished' : 'cut off'}`,
      }))
    },

    async kubeconfig(_name, { signal } = {}) {
      signal?.throwIfAborted()
      return undefined
    },

    async delete(name, { signal, progress } = {}) {
      signal?.throwIfAborted()
      progress?.(50, `Deleting cluster "${name}"`)
      const found = await clusters.get(name)
      if (found === undefined) return false
      await clusters.remove(name, found.revision)
      return true
    },
  }
}
