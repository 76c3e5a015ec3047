import { UNSPECIFIED } from '../../clusters/node-hardware.ts'
import { uuidOfName } from '../../uuid-of-name.ts'
import type { ResourceTypeInfo } from '../schema.ts'

type ResourceClass = 'COMPUTE' | 'NETWORKING' | 'STORAGE'

/** What a resource is for; the alarms that its type knows follow from it. */
export const CATEGORIES = ['cluster', 'node', 'cpu', 'memory', 'storage', 'network', 'accelerator'] as const
export type Category = (typeof CATEGORIES)[number]

const CLASSES: Record<Category, ResourceClass> = {
  cluster: 'COMPUTE',
  node: 'COMPUTE',
  cpu: 'COMPUTE',
  memory: 'COMPUTE',
  storage: 'STORAGE',
  network: 'NETWORKING',
  accelerator: 'COMPUTE',
}

const WORDS: Record<Category, string> = {
  cluster: 'A Kubernetes cluster as a whole: what alarms of clusters and their networks refer to',
  node: 'A node of a Kubernetes cluster',
  cpu: 'The processors of a node',
  memory: 'Memory of a node',
  storage: 'Storage of a node',
  network: 'A network device of a node',
  accelerator: 'A device of a node that computes beside its processors',
}

/** What tells one resource type from another; everything else of the type follows from it, whoever names it first. */
export interface Kind {
  category: Category
  vendor: string
  model: string
  version: string
  resourceKind: ResourceTypeInfo['resourceKind']
}

/** Clusters are no resources of a pool; their type stands for alarms to refer to. */
export const CLUSTER_KIND: Kind = {
  category: 'cluster',
  vendor: 'Kubernetes',
  model: 'node-cluster',
  version: UNSPECIFIED,
  resourceKind: 'LOGICAL',
}

export function typeIdOf({ category, vendor, model, version, resourceKind }: Kind): string {
  return uuidOfName('resource-type', category, vendor, model, version, resourceKind)
}

export function byTypeId(kinds: Iterable<Kind>): Map<string, Kind> {
  return new Map([...kinds].map((kind) => [typeIdOf(kind), kind]))
}

export function alarmDictionaryIdOf(resourceTypeId: string): string {
  return uuidOfName('alarm-dictionary', resourceTypeId)
}

export function performanceDictionaryIdOf(resourceTypeId: string): string {
  return uuidOfName('performance-dictionary', resourceTypeId)
}

/** Only nodes are measured. */
export function isMeasured({ category }: Kind): boolean {
  return category === 'node'
}

export function resourceTypeOf(kind: Kind): ResourceTypeInfo {
  const { category, vendor, model, version, resourceKind } = kind
  const resourceTypeId = typeIdOf(kind)
  return {
    resourceTypeId,
    name: vendor === UNSPECIFIED ? model : `${vendor} ${model}`,
    description: WORDS[category],
    vendor,
    model,
    version,
    alarmDictionaryId: alarmDictionaryIdOf(resourceTypeId),
    ...(isMeasured(kind) && { performanceDictionaryId: performanceDictionaryIdOf(resourceTypeId) }),
    resourceKind,
    resourceClass: CLASSES[category],
    extensions: { category },
  }
}

/** The kind behind a type that was stored. */
export function kindOfType({ extensions, vendor, model, version, resourceKind }: ResourceTypeInfo): Kind | undefined {
  const category = CATEGORIES.find((one) => one === extensions?.category)
  return category && { category, vendor, model, version, resourceKind }
}
