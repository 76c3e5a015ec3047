import type { CallOptions, Cluster, KubernetesObject, ObjectRef } from '../clusters/cluster.ts'
import { groupOf, listAt, stringAt } from '../clusters/fields.ts'
import { entryKey } from './apply-waves.ts'
import type { Inventory } from './package-port.ts'

const RESOURCE_GROUP = { apiVersion: 'kpt.dev/v1alpha1', kind: 'ResourceGroup' }
const INVENTORY_LABEL = 'cli-utils.sigs.k8s.io/inventory-id'
/** An inventory names no versions. */
const VERSIONS = ['v1', 'v2', 'v1beta1', 'v1alpha1', 'v1beta2', 'v1alpha2', 'v2beta1']

/** An object of an inventory, as kpt writes it: without the version of its API. */
export interface Entry {
  group: string
  kind: string
  namespace: string
  name: string
}

export function entryOf({ apiVersion, kind, metadata }: KubernetesObject): Entry {
  return { group: groupOf(apiVersion), kind, namespace: metadata.namespace ?? '', name: metadata.name }
}

export function keyOfEntry({ group, kind, namespace, name }: Entry): string {
  return entryKey(group, kind, namespace, name)
}

/** Undefined when there is no inventory. */
export async function readEntries(
  cluster: Cluster,
  { namespace, name }: Inventory,
  options: CallOptions,
): Promise<Entry[] | undefined> {
  const group = await cluster.get({ ...RESOURCE_GROUP, namespace, name }, options)
  if (group === undefined) return undefined
  return listAt(group, 'spec', 'resources').map((entry) => ({
    group: stringAt(entry, 'group') ?? '',
    kind: stringAt(entry, 'kind') ?? '',
    namespace: stringAt(entry, 'namespace') ?? '',
    name: stringAt(entry, 'name') ?? '',
  }))
}

export async function writeEntries(
  cluster: Cluster,
  { id, namespace, name }: Inventory,
  entries: readonly Entry[],
  options: CallOptions,
): Promise<void> {
  const sorted = [...entries].sort((a, b) => (keyOfEntry(a) < keyOfEntry(b) ? -1 : 1))
  const metadata = { name, namespace, labels: { [INVENTORY_LABEL]: id } }
  const resources = sorted.map((entry) => ({ ...entry }))
  await cluster.apply({ ...RESOURCE_GROUP, metadata, spec: { resources } }, { ...options, force: true })
}

export async function removeInventory(
  cluster: Cluster,
  { namespace, name }: Inventory,
  options: CallOptions,
): Promise<void> {
  await cluster.delete({ ...RESOURCE_GROUP, namespace, name }, options)
}

/** The reference to an object of an inventory, in a version that the cluster serves. */
export async function refOfEntry(cluster: Cluster, entry: Entry, options: CallOptions): Promise<ObjectRef> {
  const { group, kind, namespace, name } = entry
  const place = { name, ...(namespace !== '' && { namespace }) }
  for (const version of VERSIONS) {
    const apiVersion = group === '' ? version : `${group}/${version}`
    if ((await cluster.scope({ apiVersion, kind }, options)) !== undefined) return { apiVersion, kind, ...place }
  }
  return { apiVersion: group === '' ? 'v1' : `${group}/v1`, kind, ...place }
}
