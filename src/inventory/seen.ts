import type { OCloud } from '../clusters/registry-types.ts'
import { deploymentManagerOf } from './projection/deployment-manager.ts'
import { byTypeId, type Kind, kindOfType } from './projection/kinds.ts'
import type { Place } from './projection/places.ts'
import { poolIdOf, poolOfStored, resourcePoolOf } from './projection/pools.ts'
import { type InventoryRecord, recordOf } from './records.ts'
import type { DeploymentManagerInfo, ResourceInfo, ResourcePoolInfo, ResourceTypeInfo } from './schema.ts'

/** Why and since when nothing new is known of an O-Cloud. */
export interface Away {
  /** RFC 3339. */
  since: string
  reason: string
}

/** What is known of the cluster of one O-Cloud: from its nodes, or, before they were heard of, from what was stored when they were. */
export interface Seen {
  serviceUri: string
  /** Names of its pools; undefined is the one of nodes without a name for it. */
  pools: ReadonlySet<string | undefined>
  resources: readonly ResourceInfo[]
  /** By the ids of their types. */
  kinds: ReadonlyMap<string, Kind>
  capabilities: Record<string, unknown> | undefined
  capacity: Record<string, unknown> | undefined
  away: Away | undefined
}

/** An O-Cloud without nodes has one pool that is empty, for its site needs one (3.2.6.2.17). */
function poolsOf({ pools }: Pick<Seen, 'pools'>): (string | undefined)[] {
  return pools.size === 0 ? [undefined] : [...pools]
}

export function poolIdsOf(oCloudId: string, seen: Seen | undefined): string[] {
  return seen ? poolsOf(seen).map((pool) => poolIdOf(oCloudId, pool)) : []
}

/** Pools, resources and deployment manager of one O-Cloud. */
export function recordsOfOCloud(
  registration: OCloud,
  seen: Seen,
  { oCloudId, place }: { oCloudId: string; place: Place },
): InventoryRecord[] {
  const mark = markOf(seen.away)
  const { serviceUri, capabilities, capacity, resources } = seen
  return [
    ...poolsOf(seen).map((pool) =>
      recordOf('inventoryResourcePool', resourcePoolOf(registration, pool, { oCloudId, place, mark })),
    ),
    ...resources.map((resource) => recordOf('inventoryResource', seen.away ? marked(resource, mark) : resource)),
    recordOf(
      'inventoryDeploymentManager',
      deploymentManagerOf(registration, { oCloudId, serviceUri, place, capabilities, capacity, mark }),
    ),
  ]
}

/** What was stored of an O-Cloud, as far as it came from its cluster. */
export function seenBefore(stored: {
  deploymentManager: DeploymentManagerInfo
  pools: ResourcePoolInfo[]
  resources: ResourceInfo[]
  typeOf(resourceTypeId: string): ResourceTypeInfo | undefined
}): Seen {
  const { serviceUri, capabilities, capacity, extensions } = stored.deploymentManager
  const kinds = stored.resources.flatMap(typeIdsOf).flatMap((id) => {
    const type = stored.typeOf(id)
    return (type && kindOfType(type)) ?? []
  })
  return {
    serviceUri,
    pools: new Set(stored.pools.map(poolOfStored)),
    resources: stored.resources.map(unmarked),
    kinds: byTypeId(kinds),
    capabilities,
    capacity,
    away: awayOf(extensions),
  }
}

function typeIdsOf({ resourceTypeId, elements = [] }: ResourceInfo): string[] {
  return [resourceTypeId, ...elements.flatMap(typeIdsOf)]
}

/** How an O-Cloud that cannot be reached is marked, in `extensions` of everything that is its own. */
function markOf(away: Away | undefined): Record<string, unknown> {
  return away ? { reachable: false, unreachableSince: away.since, unreachableReason: away.reason } : {}
}

function marked(resource: ResourceInfo, mark: Record<string, unknown>): ResourceInfo {
  return { ...resource, extensions: { ...resource.extensions, ...mark } }
}

function unmarked(resource: ResourceInfo): ResourceInfo {
  const { reachable: _, unreachableSince: __, unreachableReason: ___, ...extensions } = resource.extensions ?? {}
  return { ...resource, extensions }
}

function awayOf({ unreachableSince, unreachableReason }: Record<string, unknown> = {}): Away | undefined {
  if (typeof unreachableSince !== 'string') return undefined
  return { since: unreachableSince, reason: String(unreachableReason) }
}
