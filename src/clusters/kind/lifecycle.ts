import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, ServiceError } from '../../errors.ts'
import type { Docker } from '../../tools/docker.ts'
import type { Kind } from '../../tools/kind.ts'
import { assertClusterName, COMPLETE_MARK, ownerOf } from '../../tools/kind-config.ts'
import type { CallOptions } from '../cluster.ts'
import type { ClusterLifecycle, ClusterPresence } from '../lifecycle.ts'

const CLUSTER_LABEL = 'io.x-k8s.kind.cluster'

/** When a container that docker was still making counts as made. */
const LATE_LOOKS = 4
const LATE_PAUSE_MS = 500

/**
 * The cluster lifecycle on kind. Whose a cluster is stands on its containers, so it is known as soon as the first of them exists and after our
 * store is lost; that its making was finished stands in a file on its control plane, written last. A half-made cluster of the same owner is made
 * again, one of anybody else is never touched.
 */
export function createKindLifecycle({ kind, docker }: { kind: Kind; docker: Docker }): ClusterLifecycle {
  async function find(name: string, options?: CallOptions): Promise<ClusterPresence> {
    assertClusterName(name)
    const nodes = await docker.containers({ name: CLUSTER_LABEL, value: name }, options)
    if (nodes.length === 0) return { state: 'absent' }
    const owners = new Set(nodes.map((node) => ownerOf(node.binds)))
    const [owner] = owners.size === 1 ? owners : [undefined]
    const controlPlane = nodes.find((node) => node.name === controlPlaneOf(name))
    const complete = controlPlane !== undefined && (await docker.hasPath(controlPlane.id, COMPLETE_MARK, options))
    return { state: 'present', owner, complete }
  }

  /** A kind that was killed leaves docker at work: a container that it had asked for may appear when everybody has looked. Takes two seconds, whatever ended the run. */
  async function clearLate(name: string, reference: string): Promise<void> {
    for (let look = 0; look < LATE_LOOKS; look++) {
      await sleep(LATE_PAUSE_MS)
      const there = await find(name)
      if (there.state === 'present' && there.owner === reference && !there.complete) await kind.delete(name)
    }
  }

  return {
    driver: 'kind',

    async check(options) {
      const [kindVersion, dockerVersion] = [await kind.version(options), await docker.version(options)]
      return [
        { name: 'kind', version: kindVersion },
        { name: 'docker', version: dockerVersion },
      ]
    },

    find,

    async create(spec, owner, options = {}) {
      const there = await find(spec.name, options)
      if (there.state === 'present') {
        if (there.owner !== owner.reference) throw taken(spec.name, there.owner)
        if (there.complete) return
        options.progress?.(0, `removing the half-made cluster ${spec.name}`)
        await kind.delete(spec.name, options)
      }
      try {
        await kind.create(spec, owner.reference, options)
      } catch (error) {
        // docker may finish a container that a killed run had asked for after we looked.
        if (!/node\(s\) already exist|container name .* is already in use/.test(messageOf(error))) {
          await clearLate(spec.name, owner.reference)
          throw error
        }
        const late = await find(spec.name, options)
        if (late.state === 'present' && (late.owner !== owner.reference || late.complete)) throw error
        await kind.delete(spec.name, options)
        await kind.create(spec, owner.reference, options)
      }
      try {
        await docker.touch(controlPlaneOf(spec.name), COMPLETE_MARK, options)
      } catch (error) {
        options.signal?.throwIfAborted()
        throw new ServiceError(
          'KIND_FAILED',
          `kind made ${spec.name}, but its control plane cannot be reached: ${messageOf(error)}`,
          {
            cause: error,
          },
        )
      }
      options.progress?.(100, `cluster ${spec.name} is made`)
    },

    async kubeconfig(name, options) {
      return await kind.kubeconfig(name, options)
    },

    async delete(name, options = {}) {
      const there = await find(name, options)
      if (there.state === 'absent') return false
      if (there.owner === undefined) throw taken(name, undefined)
      await kind.delete(name, options)
      return true
    },
  }
}

function controlPlaneOf(name: string): string {
  return `${name}-control-plane`
}

function taken(name: string, owner: string | undefined): ServiceError {
  const whose = owner === undefined ? 'was not made by this service' : `belongs to the request with reference ${owner}`
  return new ServiceError(
    'KIND_FAILED',
    `a kind cluster ${name} exists and ${whose}: it stays as it is; choose another clusterName`,
  )
}
