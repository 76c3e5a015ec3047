import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { OCloud } from '../../src/clusters/registry-types.ts'
import { placesOf } from '../../src/inventory/projection/places.ts'
import { poolIdOf } from '../../src/inventory/projection/pools.ts'
import { locationInfoSchema, oCloudSiteInfoSchema } from '../../src/inventory/schema.ts'

const oCloud = (oCloudId: string, more: Partial<OCloud> = {}): OCloud => ({
  oCloudId,
  name: `name of ${oCloudId}`,
  labels: {},
  simulated: true,
  managed: false,
  createdAt: '2026-11-28T00:00:00.000Z',
  ...more,
})
const poolsOf = ({ oCloudId }: OCloud) => [poolIdOf(oCloudId, undefined)]

describe('where O-Clouds stand', () => {
  test('one that says nothing has a site and a location of its own, and the location has an address', () => {
    const one = oCloud('a')
    const { sites, locations } = placesOf([one]).shown(poolsOf)
    expect(sites).toMatchObject([{ name: 'name of a', resourcePools: poolsOf(one) }])
    expect(locations).toMatchObject([{ name: 'name of a', address: 'not told' }])
    expect(locations[0]?.oCloudSiteIds).toEqual(sites.map(({ oCloudSiteId }) => oCloudSiteId))
    expect(placesOf([oCloud('b')]).of(oCloud('b')).oCloudSiteId).not.toBe(sites[0]?.oCloudSiteId)
  })

  test('a location is told with what its registration knows of it', () => {
    const location = {
      globalLocationId: 'TW-HSZ',
      name: 'Hsinchu',
      coordinate: { type: 'Point' as const, coordinates: [120.99, 24.78] as [number, number] },
      civicAddress: [{ caType: 0, caValue: 'TW' }],
    }
    const { locations } = placesOf([oCloud('a', { location })]).shown(poolsOf)
    expect(locations).toMatchObject([
      {
        globalLocationId: 'TW-HSZ',
        name: 'Hsinchu',
        coordinate: [{ type: 'Point', coordinates: [120.99, 24.78] }],
        civicAdress: [{ caType: 0, caValue: 'TW' }],
      },
    ])
    expect(locations[0]).not.toHaveProperty('address')
  })

  test('two that name the same site share it, and are where the first of them says that it is', () => {
    const site = { oCloudSiteId: 's1', name: 'Site 1' }
    const [a, b] = [oCloud('a', { site }), oCloud('b', { site, location: { globalLocationId: 'L1', name: 'Here' } })]
    const places = placesOf([a, b])
    const { sites, locations } = places.shown(poolsOf)
    expect(sites).toEqual([
      {
        oCloudSiteId: 's1',
        globalLocationId: 'L1',
        name: 'Site 1',
        description: 'Site of name of a',
        resourcePools: [...poolsOf(a), ...poolsOf(b)].sort(),
      },
    ])
    expect(locations).toMatchObject([{ globalLocationId: 'L1', name: 'Here', oCloudSiteIds: ['s1'] }])
    expect([places.of(a), places.of(b)].map(({ supportedLocations }) => supportedLocations)).toEqual([['L1'], ['L1']])
  })

  test('one that names another location than its site has supports both', () => {
    const site = { oCloudSiteId: 's1', name: 'Site 1' }
    const a = oCloud('a', { site, location: { globalLocationId: 'L1' } })
    const b = oCloud('b', { site, location: { globalLocationId: 'L2' } })
    const places = placesOf([a, b])
    expect(places.of(b)).toMatchObject({ globalLocationId: 'L1', supportedLocations: ['L1', 'L2'] })
    expect(places.shown(poolsOf).locations).toMatchObject([
      { globalLocationId: 'L1', oCloudSiteIds: ['s1'] },
      { globalLocationId: 'L2', oCloudSiteIds: [] },
    ])
  })

  test('whatever is registered: everything that is named is there, and as the specification wants it', () => {
    const id = fc.constantFrom('1', '2', '3')
    const registration = fc.record(
      {
        location: fc.record({ globalLocationId: id, name: fc.string(), address: fc.string() }, { requiredKeys: [] }),
        site: fc.record({ oCloudSiteId: id, name: fc.string({ minLength: 1 }) }, { requiredKeys: ['name'] }),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(registration, fc.boolean()), { maxLength: 8 }), (given) => {
        const all = given.map(([more], index) => oCloud(`o${index}`, more))
        const known = new Set(all.filter((_, index) => given[index]?.[1]))
        const places = placesOf(all)
        const { sites, locations } = places.shown((one) => (known.has(one) ? poolsOf(one) : []))
        for (const site of sites) oCloudSiteInfoSchema.parse(site)
        for (const location of locations) {
          locationInfoSchema.parse(location)
          expect((location.coordinate ?? location.civicAdress ?? location.address)?.length).toBeGreaterThan(0)
        }
        const siteIds = sites.map(({ oCloudSiteId }) => oCloudSiteId)
        const locationIds = locations.map(({ globalLocationId }) => globalLocationId)
        expect([new Set(siteIds).size, new Set(locationIds).size]).toEqual([siteIds.length, locationIds.length])
        for (const one of known) {
          const { oCloudSiteId, globalLocationId, supportedLocations } = places.of(one)
          expect(siteIds).toContain(oCloudSiteId)
          expect(locationIds).toEqual(expect.arrayContaining(supportedLocations))
          expect(supportedLocations).toContain(globalLocationId)
          const site = sites.find((other) => other.oCloudSiteId === oCloudSiteId)
          expect(site).toMatchObject({ globalLocationId, resourcePools: expect.arrayContaining(poolsOf(one)) })
        }
        const ofSites = sites.map(({ globalLocationId, oCloudSiteId }) => `${globalLocationId} ${oCloudSiteId}`)
        const ofLocations = locations.flatMap(({ globalLocationId, oCloudSiteIds = [] }) =>
          oCloudSiteIds.map((siteId) => `${globalLocationId} ${siteId}`),
        )
        expect(ofLocations.sort()).toEqual(ofSites.sort())
      }),
    )
  })
})
