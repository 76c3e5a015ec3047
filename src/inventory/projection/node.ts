import type { KubernetesObject } from '../../clusters/cluster.ts'
import { at, conditionOf, isObject, listAt, stringAt } from '../../clusters/fields.ts'
import type { JsonObject } from '../../json.ts'
import type { ResourceInfo } from '../schema.ts'
import { elementsOf } from './elements.ts'
import { HARDWARE_ANNOTATION, type Hardware, hardwareOf } from './hardware.ts'
import { type Kind, typeIdOf, UNSPECIFIED } from './kinds.ts'
import { poolIdOf } from './pools.ts'

/** The pool of a node, where its operator wants another than that of its zone. */
export const POOL_LABEL = 'o2ims.dev/resource-pool'
const ZONE_LABEL = 'topology.kubernetes.io/zone'
const INSTANCE_TYPE_LABEL = 'node.kubernetes.io/instance-type'
const ROLE_PREFIX = 'node-role.kubernetes.io/'

/** What Inventory makes of one Node object. */
export interface NodeView {
  /** The pool that its labels name; undefined: the one of the O-Cloud itself. */
  pool: string | undefined
  resource: ResourceInfo
  /** Its own, and those of its elements. */
  kinds: Kind[]
  /** Resource lists of Kubernetes. */
  capacity: Record<string, string>
  allocatable: Record<string, string>
  nodeInfo: Record<string, string>
}

/** What of a Node object the view depends on; all else (images, heartbeats, field managers) need not be kept. */
export function trimNode({ apiVersion, kind, metadata, spec, status }: KubernetesObject): KubernetesObject {
  const { name, uid, labels, creationTimestamp, annotations } = metadata
  const hardware = annotations?.[HARDWARE_ANNOTATION]
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      uid,
      labels,
      creationTimestamp,
      ...(hardware !== undefined && { annotations: { [HARDWARE_ANNOTATION]: hardware } }),
    },
    spec: kept(spec, ['providerID', 'unschedulable', 'taints']),
    status: kept(status, ['capacity', 'allocatable', 'conditions', 'addresses', 'nodeInfo']),
  }
}

function kept(value: JsonObject | undefined, keys: string[]): JsonObject {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([key]) => keys.includes(key)))
}

export function viewOfNode(node: KubernetesObject, oCloudId: string): NodeView {
  const labels = node.metadata.labels ?? {}
  const pool = labels[POOL_LABEL] || labels[ZONE_LABEL] || undefined
  const resourcePoolId = poolIdOf(oCloudId, pool)
  const uid = node.metadata.uid ?? ''
  const { hardware, fault } = hardwareOf(node)
  const kind = kindOfNode(node, hardware)
  const { elements, kinds } = elementsOf(node, hardware, { uid, resourcePoolId })
  const roles = rolesOf(labels)
  return {
    pool,
    resource: {
      resourceId: uid,
      resourcePoolId,
      resourceTypeId: typeIdOf(kind),
      ...(hardware?.globalAssetId !== undefined && { globalAssetId: hardware.globalAssetId }),
      description: descriptionOf(node, roles),
      elements,
      tags: Object.entries(labels)
        .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
        .sort(),
      groups: roles,
      extensions: { deploymentManagerId: oCloudId, ...extensionsOf(node), ...(fault && { hardwareFault: fault }) },
    },
    kinds: [kind, ...kinds],
    capacity: textsAt(node, 'status', 'capacity'),
    allocatable: textsAt(node, 'status', 'allocatable'),
    nodeInfo: textsAt(node, 'status', 'nodeInfo'),
  }
}

/** A node that nobody describes may be a machine or a virtual one: Kubernetes does not say. */
function kindOfNode(node: KubernetesObject, hardware: Hardware | undefined): Kind {
  if (hardware) {
    const { vendor, model, version } = hardware
    return { category: 'node', vendor, model, version, resourceKind: 'PHYSICAL' }
  }
  const architecture = stringAt(node, 'status', 'nodeInfo', 'architecture') ?? UNSPECIFIED
  return {
    category: 'node',
    vendor: stringAt(node, 'spec', 'providerID')?.match(/^([a-z0-9.+-]+):/i)?.[1] ?? UNSPECIFIED,
    model: node.metadata.labels?.[INSTANCE_TYPE_LABEL] || `node-${architecture}`,
    version: UNSPECIFIED,
    resourceKind: 'UNDEFINED',
  }
}

function rolesOf(labels: Record<string, string>): string[] {
  const roles = Object.keys(labels).flatMap((key) =>
    key.startsWith(ROLE_PREFIX) ? [key.slice(ROLE_PREFIX.length)] : [],
  )
  return roles.length === 0 ? ['worker'] : roles.sort()
}

/** Whether it is ready and takes pods stands in the description, for a change of that is told to subscribers (O2IMS 2.1.2.2.2: description and elements are, extensions are not). */
function descriptionOf(node: KubernetesObject, roles: string[]): string {
  const ready = conditionOf(node, 'Ready')?.status === 'True' ? 'ready' : 'not ready'
  const cordoned = at(node, 'spec', 'unschedulable') === true ? ', takes no new pods' : ''
  return `Node ${node.metadata.name} (${roles.join(', ')}): ${ready}${cordoned}`
}

function extensionsOf(node: KubernetesObject): Record<string, unknown> {
  const providerID = stringAt(node, 'spec', 'providerID')
  const taints = listAt(node, 'spec', 'taints')
  const addresses = listAt(node, 'status', 'addresses')
  return {
    nodeName: node.metadata.name,
    ...(node.metadata.creationTimestamp !== undefined && { createdAt: node.metadata.creationTimestamp }),
    ...(providerID !== undefined && { providerID }),
    ...(at(node, 'spec', 'unschedulable') === true && { unschedulable: true }),
    ...(taints.length > 0 && { taints }),
    ...(addresses.length > 0 && { addresses }),
    conditions: conditionsOf(node),
    nodeInfo: textsAt(node, 'status', 'nodeInfo'),
    capacity: textsAt(node, 'status', 'capacity'),
    allocatable: textsAt(node, 'status', 'allocatable'),
  }
}

/** What holds, without the times: a kubelet writes a new one with every heartbeat. */
function conditionsOf(node: KubernetesObject): Record<string, string> {
  const conditions = listAt(node, 'status', 'conditions').map((condition): [string, string] => [
    stringAt(condition, 'type') ?? '',
    stringAt(condition, 'status') ?? 'Unknown',
  ])
  return Object.fromEntries(conditions.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function textsAt(node: KubernetesObject, ...path: string[]): Record<string, string> {
  const found = at(node, ...path)
  const entries = Object.entries(isObject(found) ? found : {})
  return Object.fromEntries(entries.flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])))
}
