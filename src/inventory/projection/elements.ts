import type { KubernetesObject } from '../../clusters/cluster.ts'
import { at, isObject, stringAt } from '../../clusters/fields.ts'
import { type Device, type Hardware, UNSPECIFIED } from '../../clusters/node-hardware.ts'
import { compareQuantities, isQuantity } from '../../clusters/quantity.ts'
import { uuidOfName } from '../../uuid-of-name.ts'
import type { ResourceInfo } from '../schema.ts'
import { type Category, type Kind, typeIdOf } from './kinds.ts'

/** Where an element belongs. */
interface Within {
  uid: string
  resourcePoolId: string
}

/** The elements of a node and what kinds they are of. */
export interface Elements {
  elements: ResourceInfo[]
  kinds: Kind[]
}

/** What a node is made of: what it says that it offers, and the devices that its hardware annotation names. */
export function elementsOf(node: KubernetesObject, hardware: Hardware | undefined, within: Within): Elements {
  const kinds: Kind[] = []
  const note = (kind: Kind): Kind => {
    kinds.push(kind)
    return kind
  }
  const offered = offersOf(node).map((offer) => offeredElement(offer, note(offer.kind), within))
  const devices = (hardware?.elements ?? []).map((device) => deviceElement(device, [device.name], within, note))
  return { elements: [...offered, ...devices], kinds }
}

interface Offer {
  resource: string
  kind: Kind
  capacity: string
  allocatable: string
}

/** Every resource that the node has some of. Pods are counted, not made of anything; volumes that may be attached are a limit. */
function offersOf(node: KubernetesObject): Offer[] {
  const capacity = at(node, 'status', 'capacity')
  const architecture = stringAt(node, 'status', 'nodeInfo', 'architecture') ?? UNSPECIFIED
  return Object.entries(isObject(capacity) ? capacity : {}).flatMap(([resource, amount]) => {
    const kind = kindOfResource(resource, architecture)
    if (kind === undefined || typeof amount !== 'string' || !isSome(amount)) return []
    return [{ resource, kind, capacity: amount, allocatable: stringAt(node, 'status', 'allocatable', resource) ?? '0' }]
  })
}

function isSome(amount: string): boolean {
  return isQuantity(amount) && compareQuantities(amount, '0') > 0
}

/** Device plugins name what they offer after the vendor: `intel.com/sriov_netdevice`, `nvidia.com/gpu`. */
const NETWORK_DEVICE = /sriov|rdma|netdev|nic\b|\bvf|_vf/i

function kindOfResource(resource: string, architecture: string): Kind | undefined {
  const made = (category: Category, vendor: string, model: string, resourceKind: Kind['resourceKind']): Kind => ({
    category,
    vendor,
    model,
    version: UNSPECIFIED,
    resourceKind,
  })
  if (resource === 'cpu') return made('cpu', UNSPECIFIED, `cpu-${architecture}`, 'UNDEFINED')
  if (resource === 'memory') return made('memory', UNSPECIFIED, 'memory', 'UNDEFINED')
  if (resource === 'ephemeral-storage') return made('storage', UNSPECIFIED, 'ephemeral-storage', 'LOGICAL')
  if (resource.startsWith('hugepages-')) return made('memory', UNSPECIFIED, resource, 'LOGICAL')
  const [vendor = '', model] = resource.split('/')
  if (model === undefined) return undefined
  return made(NETWORK_DEVICE.test(model) ? 'network' : 'accelerator', vendor, model, 'UNDEFINED')
}

function offeredElement(offer: Offer, kind: Kind, { uid, resourcePoolId }: Within): ResourceInfo {
  const { resource, capacity, allocatable } = offer
  return {
    resourceId: uuidOfName('element', uid, 'resource', resource),
    resourcePoolId,
    resourceTypeId: typeIdOf(kind),
    description: `${resource}: ${capacity}`,
    extensions: { resource, capacity, allocatable },
  }
}

function deviceElement(device: Device, path: string[], within: Within, note: (kind: Kind) => Kind): ResourceInfo {
  const { name, category, vendor, model, version, description, globalAssetId, elements } = device
  const kind = note({ category, vendor, model, version, resourceKind: 'PHYSICAL' })
  return {
    resourceId: uuidOfName('element', within.uid, 'device', ...path),
    resourcePoolId: within.resourcePoolId,
    resourceTypeId: typeIdOf(kind),
    ...(globalAssetId !== undefined && { globalAssetId }),
    description: description ?? `${name}: ${vendor === UNSPECIFIED ? model : `${vendor} ${model}`}`,
    ...(elements && { elements: elements.map((inner) => deviceElement(inner, [...path, inner.name], within, note)) }),
    extensions: { name },
  }
}
