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
  locations: LocationInfo[]
  /** `poolIdsOf`: the pools of an O-Cloud. */
  sites(poolIdsOf: (registration: OCloud) => string[]): OCloudSiteInfo[]
}

/**
 * Sites and locations of all registrations, oldest first. What several name by the same id they share, as the oldest of them describes it; what has no id belongs to
 * one O-Cloud alone (its site) or one site alone (its location).
 */
export function placesOf(registrations: readonly OCloud[]): Places {
  const atSite = Map.groupBy(registrations, siteIdOf)
  const locationOfSite = new Map<string, string>()
  /** Who describes a location. */
  const tellers = new Map<string, OCloud>()
  const tell = (id: string, registration: OCloud) => {
    if (!tellers.has(id)) tellers.set(id, registration)
    return id
  }
  for (const registration of registrations) {
    const id = registration.location?.globalLocationId
    if (id !== undefined) tell(id, registration)
  }
  for (const [siteId, group] of atSite) {
    for (const teller of [...group.filter(({ location }) => location !== undefined), ...group].slice(0, 1))
      locationOfSite.set(siteId, tell(locationIdOf(siteId, teller), teller))
  }
  const locations = [...tellers].map(([id, registration]) => ({
    ...locationOf(id, registration),
    oCloudSiteIds: [...locationOfSite].flatMap(([siteId, locationId]) => (locationId === id ? [siteId] : [])),
  }))
  const names = new Map(locations.map(({ globalLocationId, name }) => [globalLocationId, name]))
  const locationAt = (siteId: string, registration: OCloud): string =>
    locationOfSite.get(siteId) ?? locationIdOf(siteId, registration)

  return {
    locations,
    of(registration) {
      const oCloudSiteId = siteIdOf(registration)
      const globalLocationId = locationAt(oCloudSiteId, registration)
      const named = registration.location?.globalLocationId ?? globalLocationId
      return {
        oCloudSiteId,
        globalLocationId,
        locationName: names.get(globalLocationId) ?? registration.name,
        supportedLocations: [...new Set([globalLocationId, named])],
      }
    },
    sites: (poolIdsOf) =>
      [...atSite].flatMap(([oCloudSiteId, group]) =>
        group.slice(0, 1).map((oldest) => ({
          oCloudSiteId,
          globalLocationId: locationAt(oCloudSiteId, oldest),
          ...describedSite(oldest, group),
          resourcePools: group.flatMap(poolIdsOf).sort(),
        })),
      ),
  }
}

function siteIdOf({ oCloudId, site }: OCloud): string {
  return site?.oCloudSiteId ?? uuidOfName('site', oCloudId)
}

function locationIdOf(siteId: string, { location }: OCloud): string {
  return location?.globalLocationId ?? uuidOfName('location', siteId)
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
    ...(coordinate && { coordinate: [{ type: 'Point', coordinates: [...coordinate.coordinates] }] }),
    ...(civicAddress.length > 0 && { civicAdress: civicAddress }),
    ...(words !== undefined && { address: words }),
  }
}

function describedSite(oldest: OCloud, group: readonly OCloud[]): { name: string; description: string } {
  const site = group.find((registration) => registration.site !== undefined)?.site
  return {
    name: site?.name ?? (oldest.location?.name || oldest.name),
    description: site?.description || `Site of ${oldest.name}`,
  }
}
