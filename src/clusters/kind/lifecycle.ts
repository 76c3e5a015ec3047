import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, ServiceError } from '../../errors.ts'
import type { Docker } from '../../tools/docker.ts'
import type { Kind } from '../../tools/kind.ts'
import { assertClusterName, COMPLETE_MARK, ownerOf } from '../../tools/kind-config.ts'
import type { CallOptions } from '../cluster.ts'
import type { ClusterLifecycle, ClusterPresence } from '../lifecycle.ts'
import { type NodesOfSpec, nodesOf } from '../spec-nodes.ts'
import { withAddress } from './internal-address.ts'

const CLUSTER_LABEL = 'io.x-k8s.kind.cluster'
const ROLE_LABEL = 'io.x-k8s.kind.role'
/** kind gives the mounts of a node to all but this one, which stands before several control planes. */
const LOAD_BALANCER = 'external-load-balancer'

/** When a container that docker was still making counts as made. */
const LATE_MS = 2_000
const LOG_BYTES = 1024 * 1024

/**
 * The cluster lifecycle on kind. Whose a cluster is stands on its containers, so it is known as soon as the first of them exists and after our
 * store is lost; that its making was finished stands in a file on its control plane, written last. A half-made cluster of the same owner is made
 * again, one of anybody else is never touched. A load balancer that stands alone names no owner: it is nobody's, and stays.
 */
export function createKindLifecycle({ kind, docker }: { kind: Kind; docker: Docker }): ClusterLifecycle {
  const containersOf = (name: string, options?: CallOptions) =>
    docker.containers({ name: CLUSTER_LABEL, value: name }, options)

  async function find(name: string, options?: CallOptions): Promise<ClusterPresence> {
    assertClusterName(name)
    const containers = await containersOf(name, options)
    if (containers.length === 0) return { state: 'absent' }
    const nodes = containers.filter(({ labels }) => labels[ROLE_LABEL] !== LOAD_BALANCER)
    const owners = new Set(nodes.map((node) => ownerOf(node.binds)))
    const [owner] = owners.size === 1 ? owners : [undefined]
    const controlPlane = nodes.find((node) => node.name === controlPlaneOf(name))
    const complete = controlPlane !== undefined && (await docker.hasPath(controlPlane.id, COMPLETE_MARK, options))
    return { state: 'present', owner, complete }
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
          // Of a kind that was killed, or of one that failed while it made several nodes at once: what comes now is seen by whoever looks next.
          await sleep(LATE_MS)
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

    async faults(spec, options) {
      const containers = new Map((await containersOf(spec.name, options)).map((node) => [node.name, node]))
      return machinesOf(spec).flatMap((name) => {
        const container = containers.get(name)
        if (container === undefined) return [`node ${name} is gone`]
        const { status, exitCode } = container
        if (status === 'running') return []
        return [`node ${name} is ${status}${status === 'exited' ? ` (exit code ${exitCode})` : ''}`]
      })
    },

    async kubeconfig(name, options = {}) {
      const kubeconfig = await kind.kubeconfig(name, options)
      if (options.internal !== true) return kubeconfig
      const containers = await containersOf(name, options)
      // The certificate names no load balancer by its address.
      const nodes = containers.filter(({ labels }) => labels[ROLE_LABEL] !== LOAD_BALANCER)
      return withAddress(kubeconfig, (host) => nodes.find((node) => node.name === host)?.address)
    },

    async logs(name, { maxBytes = LOG_BYTES, ...options } = {}) {
      const there = await find(name, options)
      return there.state === 'absent' ? [] : await kind.logs(name, { maxBytes, ...options })
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

function machinesOf(spec: NodesOfSpec): string[] {
  const nodes = nodesOf(spec).map(({ name }) => name)
  return (spec.controlPlanes ?? 1) > 1 ? [...nodes, `${spec.name}-${LOAD_BALANCER}`] : nodes
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
