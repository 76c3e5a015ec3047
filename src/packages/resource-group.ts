import { stringify } from 'yaml'
import type { CallOptions, Cluster, KindRef, KubernetesObject } from '../clusters/cluster.ts'
import { listAt, stringAt } from '../clusters/fields.ts'
import { untilServed } from '../clusters/served.ts'
import { messageOf, ServiceError } from '../errors.ts'
import type { KptObject } from '../tools/kpt-events.ts'
import type { Inventory } from './package-port.ts'

export const RESOURCE_GROUP: KindRef = { apiVersion: 'kpt.dev/v1alpha1', kind: 'ResourceGroup' }
const DEFINITION: KindRef = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }
const NAME = 'resourcegroups.kpt.dev'

/** The definition of kpt's inventories, as far as kpt needs it. A kpt that installs its own replaces it by one that is stricter. */
const RESOURCE_GROUP_DEFINITION: KubernetesObject = {
  ...DEFINITION,
  metadata: { name: NAME },
  spec: {
    group: 'kpt.dev',
    scope: 'Namespaced',
    names: {
      kind: 'ResourceGroup',
      listKind: 'ResourceGroupList',
      plural: 'resourcegroups',
      singular: 'resourcegroup',
    },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
      },
    ],
  },
}

/**
 * Installs the definition where it is missing. It is shared by everybody who uses kpt, so it is never removed and an existing one is left as it is. APPLY_FAILED
 * when we may not.
 */
export async function ensureResourceGroups(cluster: Cluster, options: CallOptions): Promise<void> {
  if ((await cluster.scope(RESOURCE_GROUP, options)) !== undefined) return
  try {
    await cluster.apply(RESOURCE_GROUP_DEFINITION, { ...options, expect: 'absent' })
  } catch (error) {
    // CONFLICT: somebody else was first, or it is there and not served yet.
    if (!(error instanceof ServiceError)) throw error
    if (error.code === 'APPLY_FAILED') {
      throw new ServiceError(
        'APPLY_FAILED',
        `kpt keeps its inventory in ResourceGroups, which this O-Cloud does not know and we may not install; have its administrator run "kpt live install-resource-group": ${messageOf(error)}`,
        { cause: error },
      )
    }
    if (error.code !== 'CONFLICT') throw error
  }
  await untilServed(cluster, [RESOURCE_GROUP], options.signal)
}

/** What kpt reads from standard input: the inventory, then the objects. */
export function streamFor(inventory: Inventory, objects: readonly KubernetesObject[]): string {
  const group = {
    ...RESOURCE_GROUP,
    metadata: {
      name: inventory.name,
      namespace: inventory.namespace,
      labels: { 'cli-utils.sigs.k8s.io/inventory-id': inventory.id },
    },
  }
  return [group, ...objects].map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n')
}

/** What the inventory holds; undefined when there is none. */
export async function readInventory(
  cluster: Cluster,
  inventory: Inventory,
  options: CallOptions,
): Promise<KptObject[] | undefined> {
  const { name, namespace } = inventory
  const group = await cluster.get({ ...RESOURCE_GROUP, namespace, name }, options)
  if (group === undefined) return undefined
  return listAt(group.spec, 'resources').flatMap((entry) => {
    const kind = stringAt(entry, 'kind')
    const called = stringAt(entry, 'name')
    if (kind === undefined || called === undefined) return []
    return [
      { group: stringAt(entry, 'group') ?? '', kind, namespace: stringAt(entry, 'namespace') ?? '', name: called },
    ]
  })
}
