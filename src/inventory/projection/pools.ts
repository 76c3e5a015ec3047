import type { OCloud } from '../../clusters/registry-types.ts'
import { uuidOfName } from '../../uuid-of-name.ts'
import type { ResourcePoolInfo } from '../schema.ts'
import type { Place } from './places.ts'

/** A pool of an O-Cloud; the name is that of its nodes' label, and absent for nodes without one. */
export function poolIdOf(oCloudId: string, pool: string | undefined): string {
  return pool === undefined ? uuidOfName('pool', oCloudId) : uuidOfName('pool', oCloudId, pool)
}

export interface PoolParts {
  /** Of the service as a whole. */
  oCloudId: string
  place: Place
  /** Whether it can be reached, in words for `extensions`. */
  mark: Record<string, unknown>
}

export function resourcePoolOf(
  registration: Pick<OCloud, 'oCloudId' | 'name'>,
  pool: string | undefined,
  { oCloudId, place, mark }: PoolParts,
): ResourcePoolInfo {
  const { name } = registration
  return {
    resourcePoolId: poolIdOf(registration.oCloudId, pool),
    oCloudId,
    globalLocationId: place.globalLocationId,
    name: pool === undefined ? name : `${name} ${pool}`,
    oCloudSiteId: place.oCloudSiteId,
    description: pool === undefined ? `Nodes of ${name}` : `Nodes of ${name} in ${pool}`,
    location: place.locationName,
    extensions: {
      deploymentManagerId: registration.oCloudId,
      ...(pool !== undefined && { pool }),
      ...mark,
    },
  }
}

/** The label value behind a pool that was stored. */
export function poolOfStored({ extensions }: ResourcePoolInfo): string | undefined {
  return typeof extensions?.pool === 'string' ? extensions.pool : undefined
}
