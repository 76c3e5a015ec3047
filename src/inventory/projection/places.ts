import type { OCloud } from '../../clusters/registry-types.ts'
import { uuidOfName } from '../../uuid-of-name.ts'
import type { LocationInfo, OCloudSiteInfo } from '../schema.ts'

/** Where one O-Cloud stands. */
export interface Place {
  oCloudSiteId: string
  /** Of the site. */
  globalLocationId: string
  locationName: string
  /** At least one: that of its site, and the one that its registration names. */
  supportedLocations: string[]
}

export interface Places {
  of(registration: OCloud): Place
  /** The sites and locations of the O-Clouds that have pools. */
  shown(poolIdsOf: (registration: OCloud) => readonly string[]): { sites: OCloudSiteInfo[]; locations: LocationInfo[] }
}

/**
 * Where all registrations, oldest first, stand. What several name by the same id they share, as the oldest of them describes it; what has no id belongs to one O-Cloud alone (its
 * site) or one site alone (its location).
 */
export function placesOf(registrations: readonly OCloud[]): Places {
  const atSite = Map.groupBy(registrations, siteIdOf)
  const locationOfSite = new Map<string, string>()
  /** Who describes a location. */
  const tellers = new Map<string, OCloud>()
  for (const registration of registrations) {
    const id = registration.location?.globalLocationId
    if (id !== undefined && !tellers.has(id)) tellers.set(id, registration)
  }
  for (const [siteId, group] of atSite) {
    const teller = group.find(({ location }) => location !== undefined) ?? group[0]
    const id = teller?.location?.globalLocationId ?? uuidOfName('location', siteId)
    locationOfSite.set(siteId, id)
    if (teller && !tellers.has(id)) tellers.set(id, teller)
  }

  function of(registration: OCloud): Place {
    const oCloudSiteId = siteIdOf(registration)
    const globalLocationId = locationOfSite.get(oCloudSiteId) ?? uuidOfName('location', oCloudSiteId)
    const named = registration.location?.globalLocationId ?? globalLocationId
    const teller = tellers.get(globalLocationId) ?? registration
    return {
      oCloudSiteId,
      globalLocationId,
      locationName: teller.location?.name || teller.name,
      supportedLocations: [...new Set([globalLocationId, named])],
    }
  }

  return {
    of,
    shown(poolIdsOf) {
      const sites: OCloudSiteInfo[] = []
      const locations = new Map<string, LocationInfo>()
      for (const [oCloudSiteId, group] of atSite) {
        const here = group.filter((registration) => poolIdsOf(registration).length > 0)
        const [oldest] = here
        if (oldest === undefined) continue
        const { globalLocationId } = of(oldest)
        const resourcePools = here.flatMap(poolIdsOf).sort()
        sites.push({ oCloudSiteId, globalLocationId, ...describedSite(group), resourcePools })
        for (const id of here.flatMap((registration) => of(registration).supportedLocations))
          if (!locations.has(id)) locations.set(id, locationOf(id, tellers.get(id) ?? oldest))
        locations.get(globalLocationId)?.oCloudSiteIds?.push(oCloudSiteId)
      }
      return { sites, locations: [...locations.values()] }
    },
  }
}

function siteIdOf({ oCloudId, site }: OCloud): string {
  return site?.oCloudSiteId ?? uuidOfName('site', oCloudId)
}

function locationOf(globalLocationId: string, { name: oCloud, location = {} }: OCloud): LocationInfo {
  const { name, description, coordinate, civicAddress = [], address } = location
  const somewhere = coordinate !== undefined || civicAddress.length > 0
  // One of the three has to be there (3.2.6.2.16): where none is, the name has to do.
  const words = address || (somewhere ? undefined : name || 'not told')
  return {
    globalLocationId,
    name: name || oCloud,
    description: description || `Where ${oCloud} is`,
    oCloudSiteIds: [],
    ...(coordinate && { coordinate: [{ type: 'Point', coordinates: [...coordinate.coordinates] }] }),
    ...(civicAddress.length > 0 && { civicAdress: civicAddress }),
    ...(words !== undefined && { address: words }),
  }
}

function describedSite(group: readonly OCloud[]): { name: string; description: string } {
  const site = group.find((registration) => registration.site !== undefined)?.site
  const [oldest] = group
  return {
    name: site?.name ?? (oldest?.location?.name || oldest?.name || ''),
    description: site?.description || `Site of ${oldest?.name}`,
  }
}
