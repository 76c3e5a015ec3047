import { stringify } from 'yaml'
import type { ClusterSpec } from '../clusters/lifecycle.ts'
import { nodesOf } from '../clusters/spec-nodes.ts'
import { ServiceError } from '../errors.ts'

/** kind makes containers and host names of it: no shell character, no dot, and at most 50 characters, as kind itself recommends. */
const CLUSTER_NAME = /^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$/
/** kind hands the image to docker as a bare argument: it must not look like an option. */
const IMAGE = /^[A-Za-z0-9][A-Za-z0-9._/:@-]{0,511}$/

/** A folder of every node of ours: what is mounted there says whose it is. */
const OWNER_FOLDER = '/etc/o2ims.dev/owner'
/** Stands on the control plane from the moment when all of the making was done. */
export const COMPLETE_MARK = '/etc/o2ims.dev/complete'

/** INVALID_ARGS for a name that no cluster can have. */
export function assertClusterName(name: string): void {
  if (CLUSTER_NAME.test(name)) return
  throw new ServiceError(
    'INVALID_ARGS',
    `${JSON.stringify(name.slice(0, 80))} is no cluster name: 1 to 50 of a-z, 0-9 and "-", first and last a letter or digit`,
  )
}

/**
 * The configuration that kind reads. kind cannot label its containers, and docker cannot label them afterwards; but a bind mount is a part of a
 * container from its first instant and is listed by `docker inspect`. So each node mounts /dev/null, which is on every host, at a path that ends
 * in the owner's reference. INVALID_ARGS for a name or an image that cannot be.
 */
export function kindConfig(spec: ClusterSpec, reference: string): string {
  assertClusterName(spec.name)
  if (spec.nodeImage !== undefined && !IMAGE.test(spec.nodeImage)) {
    throw new ServiceError('INVALID_ARGS', `${JSON.stringify(spec.nodeImage.slice(0, 80))} is no image`)
  }
  const extraMounts = [
    { hostPath: '/dev/null', containerPath: `${OWNER_FOLDER}/${encodeURIComponent(reference)}`, readOnly: true },
  ]
  const { podSubnet, serviceSubnet, apiServer, featureGates, runtimeConfig, kubeadmPatches } = spec
  return stringify(
    {
      kind: 'Cluster',
      apiVersion: 'kind.x-k8s.io/v1alpha4',
      name: spec.name,
      networking: { podSubnet, serviceSubnet, apiServerAddress: apiServer?.address, apiServerPort: apiServer?.port },
      featureGates,
      runtimeConfig,
      kubeadmConfigPatches: kubeadmPatches,
      nodes: nodesOf(spec).map(({ role, labels }, index) => ({
        role,
        image: spec.nodeImage,
        ...(Object.keys(labels).length > 0 && { labels }),
        extraMounts,
        ...(index === 0 && { extraPortMappings: spec.portMappings }),
      })),
    },
    { aliasDuplicateObjects: false },
  )
}

/** The reference that a node's bind mounts name; undefined on a node that is not ours. */
export function ownerOf(binds: readonly string[]): string | undefined {
  for (const bind of binds) {
    const target = bind.split(':')[1]
    if (target?.startsWith(`${OWNER_FOLDER}/`)) return decodeURIComponent(target.slice(OWNER_FOLDER.length + 1))
  }
  return undefined
}
