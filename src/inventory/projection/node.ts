import { type Amounts, amountsOf } from '../../clusters/amounts.ts'
import type { KubernetesObject } from '../../clusters/cluster.ts'
import { at, conditionOf, isObject, listAt, stringAt } from '../../clusters/fields.ts'
import { type Hardware, hardwareOf, UNSPECIFIED } from '../../clusters/node-hardware.ts'
import type { ResourceInfo } from '../schema.ts'
import { elementsOf } from './elements.ts'
import { byTypeId, type Kind, typeIdOf } from './kinds.ts'
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
  /** Its own kind and those of its elements, by the ids of their types. */
  kinds: ReadonlyMap<string, Kind>
  capacity: Amounts
  allocatable: Amounts
  nodeInfo: Record<string, string>
}

/** A heartbeat of its kubelet makes no difference to it. */
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
    kinds: byTypeId([kind, ...kinds]),
    capacity: amountsOf(at(node, 'status', 'capacity')),
    allocatable: amountsOf(at(node, 'status', 'allocatable')),
    nodeInfo: textsAt(node, 'status', 'nodeInfo'),
  }
}

/** A node that nobody describes may be a machine or a virtual one: Kubernetes does not say. */
function kindOfNode(node: KubernetesObject, hardware: Hardware | undefined): Kind {
  if (hardware) {
    const { vendor, model, version } = hardware
    return { category: 'node', vendor, model, version, resourceKind: 'PHYSICAL' }
  }
  const architecture = stringAt(node, 'status', 'nodeInfo', 'architecture') || UNSPECIFIED
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
