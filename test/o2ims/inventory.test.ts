import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { type InventoryReader, objects, readInventory, withElements } from './read-inventory.ts'
import { type Service, startConformingService, subscribed, whole } from './service.ts'
import { type SmallCluster, startSmallCluster, TOKEN } from './small-cluster.ts'
import { INVENTORY, namesOf, RESOURCES } from './tables.ts'

const SUBSCRIPTIONS = `${INVENTORY}/subscriptions`

describe('Inventory', needs('redis', 'openssl'), () => {
  let service: Service
  let inventory: InventoryReader
  let small: SmallCluster
  beforeAll(async () => {
    small = await startSmallCluster()
    service = await startConformingService({
      env: { O_CLOUD_NAME: 'north', O_CLOUD_DESCRIPTION: 'Clusters of the north' },
    })
    inventory = readInventory(service)
  })
  afterAll(async () => {
    await service?.stop()
    await small?.close()
  })

  const registrations = () => service.all('/o2ims/v1/ocloud')

  /** With one more O-Cloud, until its inventory is gone again. */
  async function registered(oCloud: JsonObject, look: (oCloudId: string) => Promise<void>): Promise<void> {
    const counts = async () => (await inventory.everything()).map(({ length }) => length)
    const before = await counts()
    const { status, body } = await service.call('/o2ims/v1/ocloud', 'POST', oCloud)
    expect(status).toBe(201)
    const item = `/o2ims/v1/ocloud/${body.oCloudId}`
    await eventually(() => whole(service))
    await look(body.oCloudId)
    expect((await service.call(item, 'DELETE')).status).toBe(204)
    await eventually(async () => expect(await counts()).toEqual(before))
  }

  test('INV-01 GET / answers the O-Cloud, with and without the slash, takes selectors and no filter', async () => {
    const cloud = await inventory.read('')
    for (const name of namesOf(`${INVENTORY}/`)) {
      for (const path of [
        name,
        name.slice(0, -1),
        `${name}?all_fields`,
        `${name}?exclude_default`,
        `${name}?fields=name`,
      ]) {
        const { status, body } = await service.call(path)
        expect([status, body], path).toEqual([200, cloud])
      }
      for (const parameter of ['filter=(eq,name,north)', 'nextpage_opaque_marker=x', 'limit=1'])
        expect((await service.call(`${name}?${parameter}`)).status, parameter).toBe(400)
    }
  })

  test('INV-02 the O-Cloud has its ids, the name and description of the settings, and where its services are', async () => {
    const { oCloudId, globalCloudId, ...named } = await inventory.read('')
    expect(named).toEqual({ name: 'north', description: 'Clusters of the north', serviceUri: service.url })
    for (const id of [oCloudId, globalCloudId]) expect(id).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('INV-03 its serviceUri is the root alone, below which every API is', async () => {
    const { serviceUri } = await inventory.read('')
    expect(serviceUri).toBe(service.url)
    expect(new URL(String(serviceUri)).pathname).toBe('/')
    for (const path of Object.keys(RESOURCES).filter((one) => one.endsWith('api_versions')))
      expect((await fetch(`${serviceUri}${path}`)).status).toBe(200)
  })

  test('INV-04 resource types can be listed and read', () => inventory.expectListAndItem('resourceTypes'))

  test('INV-05 the type of every resource of every pool and of every element is listed', async () => {
    const types = new Set((await inventory.all('resourceTypes')).map(({ resourceTypeId }) => resourceTypeId))
    const used = new Set(
      (await inventory.resources()).flatMap(withElements).map(({ resourceTypeId }) => resourceTypeId),
    )
    expect(used.size).toBeGreaterThan(5)
    for (const id of used) expect(types).toContain(id)
    // But for the type of clusters, to which alarms refer, there is none that nothing has
    expect(types.size - used.size).toBe(1)
  })

  test('INV-06 INV-33 a resource type has all of its attributes, kind and class by their enumerations, and no copy of its dictionary', async () => {
    const kinds = ['UNDEFINED', 'PHYSICAL', 'LOGICAL']
    const classes = ['UNDEFINED', 'COMPUTE', 'NETWORKING', 'STORAGE']
    const types = await inventory.all('resourceTypes')
    for (const type of types) {
      for (const name of ['resourceTypeId', 'name', 'description', 'vendor', 'model', 'version'])
        expect(String(type[name] ?? ''), name).not.toBe('')
      expect(kinds).toContain(type.resourceKind)
      expect(classes).toContain(type.resourceClass)
      expect(type).not.toHaveProperty('alarmDictionary')
      expect(await inventory.read(`resourceTypes/${type.resourceTypeId}`)).not.toHaveProperty('alarmDictionary')
    }
    expect(new Set(types.map(({ resourceClass }) => resourceClass))).toEqual(new Set(classes.slice(1)))
  })

  test('INV-17 resource pools can be listed and read', () => inventory.expectListAndItem('resourcePools'))

  test('INV-18 a pool has the oCloudId and the location that are deprecated, beside its site', async () => {
    const { oCloudId } = await inventory.read('')
    for (const pool of await inventory.all('resourcePools')) {
      expect(pool.oCloudId).toBe(oCloudId)
      const site = await inventory.read(`oCloudSites/${pool.oCloudSiteId}`)
      expect(site.globalLocationId).toBe(pool.globalLocationId)
      expect(site.resourcePools).toContain(pool.resourcePoolId)
    }
  })

  test('INV-19 the resources of a pool can be listed and read, and those of another pool are not there', async () => {
    const pools = await inventory.all('resourcePools')
    let count = 0
    for (const pool of pools) {
      const other = pools.find(({ resourcePoolId }) => resourcePoolId !== pool.resourcePoolId)
      for (const resource of await inventory.resourcesOf(pool)) {
        for (const name of namesOf(`${INVENTORY}/resourcePools`)) {
          const { status, body } = await service.call(`${name}/${pool.resourcePoolId}/resources/${resource.resourceId}`)
          expect([status, body]).toEqual([200, resource])
        }
        const elsewhere = `${INVENTORY}/resourcePools/${other?.resourcePoolId}/resources/${resource.resourceId}`
        expect((await service.call(elsewhere)).status).toBe(404)
        count += 1
      }
    }
    const nodes = (await registrations()).reduce((sum, { status }) => sum + Number(Object(status).nodes), 0)
    expect(count).toBe(nodes)
    expect((await service.call(`${INVENTORY}/resourcePools/no-such-pool/resources`)).status).toBe(404)
  })

  test('INV-20 a resource has elements, tags, groups, extensions and, as a reported asset, a globalAssetId', async () => {
    for (const { elements, tags, groups, extensions, globalAssetId, description } of await inventory.resources()) {
      expect(objects(elements).length).toBeGreaterThan(3)
      expect(tags).toContain('kubernetes.io/os=linux')
      expect([['worker'], ['control-plane']]).toContainEqual(groups)
      expect(Object(extensions).nodeName).toMatch(/^node-|control/)
      expect(description).toContain(Object(extensions).nodeName)
      expect(globalAssetId).toContain(Object(extensions).nodeName)
    }
    const nested = (await inventory.resources())
      .flatMap(({ elements }) => objects(elements))
      .filter(({ elements }) => elements)
    expect(nested.length).toBeGreaterThan(0)
  })

  test('INV-22 deployment managers can be listed and read: one for each registered O-Cloud, by the same id', async () => {
    const managers = await inventory.expectListAndItem('deploymentManagers')
    const registered = await registrations()
    expect(managers.map(({ deploymentManagerId, name }) => [deploymentManagerId, name]).sort()).toEqual(
      registered.map(({ oCloudId, name }) => [oCloudId, name]).sort(),
    )
  })

  test('INV-23 a deployment manager has the root of its DMS and at least one location that is listed, and no credential', async () => {
    await registered({ name: 'small', kubeconfig: small.kubeconfig }, async (id) => {
      const { oCloudId } = await inventory.read('')
      const locations = (await inventory.all('locations')).map(({ globalLocationId }) => globalLocationId)
      const managers = await inventory.all('deploymentManagers')
      for (const manager of managers) {
        const isSmall = manager.deploymentManagerId === id
        const root = isSmall ? small.url : `simulated://${manager.deploymentManagerId}`
        expect([manager.oCloudId, manager.serviceUri]).toEqual([oCloudId, root])
        const supported = Array.isArray(manager.supportedLocations) ? manager.supportedLocations : []
        expect(supported.length).toBeGreaterThan(0)
        for (const location of supported) expect(locations).toContain(location)
      }
      expect(JSON.stringify([managers, await inventory.resources()])).not.toContain(TOKEN)
    })
  })

  test('INV-24 available capacity is capacity less what is allocated and what is reserved', async () => {
    await registered({ name: 'small', kubeconfig: small.kubeconfig }, async (id) => {
      for (const { capacity } of await inventory.all('deploymentManagers'))
        for (const name of ['cpu', 'memory', 'pods']) {
          const { capacity: all, allocated, reserved, available } = Object(capacity)[name]
          expect(amountOf(available), name).toBe(amountOf(all) - amountOf(allocated) - amountOf(reserved))
        }
      expect((await inventory.read(`deploymentManagers/${id}`)).capacity).toEqual({
        cpu: { capacity: '8', allocated: '2', reserved: '1500m', available: '4500m' },
        memory: { capacity: '16Gi', allocated: '1Gi', reserved: '1Gi', available: '14Gi' },
        pods: { capacity: '100', allocated: '1', reserved: '0', available: '99' },
      })
    })
  })

  test('INV-25 locations can be listed and read by globalLocationId', async () => {
    const locations = await inventory.expectListAndItem('locations')
    expect(locations.map(({ globalLocationId }) => globalLocationId)).toEqual(
      expect.arrayContaining(['TW-HSZ', 'TW-TPE', 'TW-KHH']),
    )
  })

  test('INV-26 a location has a coordinate, a civic address or an address', async () => {
    await registered({ name: 'nowhere', simulated: true }, async () => {
      const locations = await inventory.all('locations')
      expect(locations.length).toBe(4)
      for (const { coordinate, civicAdress, address } of locations)
        expect(objects(coordinate).length + objects(civicAdress).length + String(address ?? '').length).toBeGreaterThan(
          0,
        )
    })
  })

  test('INV-27 sites can be listed and read', () => inventory.expectListAndItem('oCloudSites'))

  test('INV-28 a site has a location that is listed, which names it, and pools that are listed', async () => {
    const pools = (await inventory.all('resourcePools')).map(({ resourcePoolId }) => resourcePoolId)
    const sites = await inventory.all('oCloudSites')
    for (const { oCloudSiteId, globalLocationId, resourcePools } of sites) {
      expect((await inventory.read(`locations/${globalLocationId}`)).oCloudSiteIds).toContain(oCloudSiteId)
      const own = Array.isArray(resourcePools) ? resourcePools : []
      expect(own.length).toBeGreaterThan(0)
      for (const id of own) expect(pools).toContain(id)
    }
    expect(sites.length).toBeGreaterThan(3)
  })

  test('INV-29 INV-31 subscriptions can be made, listed, read and ended, after which they are gone', async () => {
    for (const [index, name] of namesOf(SUBSCRIPTIONS).entries()) {
      const given = {
        callback: `${service.subscriber.url}/${index}`,
        consumerSubscriptionId: `consumer ${index}`,
        filter: '',
      }
      const made = await service.call(name, 'POST', given)
      expect([made.status, made.body]).toEqual([201, { ...given, subscriptionId: expect.any(String) }])
      const item = `${name}/${made.body.subscriptionId}`
      expect((await service.call(item)).body).toEqual(made.body)
      expect((await service.call(name)).body).toContainEqual(made.body)
      const ended = await service.call(item, 'DELETE')
      expect([ended.status, ended.body]).toEqual([204, ''])
      expect((await service.call(item)).status).toBe(404)
      expect((await service.call(item, 'DELETE')).status).toBe(404)
      expect((await service.call(name)).body).not.toContainEqual(made.body)
    }
  })

  test('INV-30 the id of a subscription is ours: one that is sent is ignored', async () => {
    const sent = '11111111-2222-4333-8444-555555555555'
    const given = { subscriptionId: sent, callback: `${service.subscriber.url}/ignored` }
    const { status, body, headers } = await service.call(SUBSCRIPTIONS, 'POST', given)
    expect([status, body.callback]).toEqual([201, given.callback])
    expect(body.subscriptionId).not.toBe(sent)
    expect(headers.get('location')).toBe(`${SUBSCRIPTIONS}/${body.subscriptionId}`)
    expect((await service.call(`${SUBSCRIPTIONS}/${sent}`)).status).toBe(404)
    const first = await subscribed(service, 'same-again')
    expect((await service.call(SUBSCRIPTIONS, 'POST', first)).status).toBe(400)
  })

  test('INV-32 nothing of Inventory can be written here but subscriptions, and nothing changes', async () => {
    const before = await inventory.everything()
    for (const path of Object.keys(RESOURCES)) {
      if (!path.startsWith(INVENTORY) || path.includes('subscriptions')) continue
      for (const name of namesOf(path))
        for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
          const body = method === 'DELETE' ? undefined : { name: 'changed' }
          expect((await service.call(service.at(name), method, body)).status, `${method} ${name}`).toBe(405)
        }
    }
    expect(await inventory.everything()).toEqual(before)
  })

  test('INV-21 a resource is in one pool with all of its elements, and its type stays as it is', async () => {
    const before = (await inventory.resources()).flatMap(withElements)
    const ids = before.map(({ resourceId }) => resourceId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const pool of await inventory.all('resourcePools'))
      for (const resource of (await inventory.resourcesOf(pool)).flatMap(withElements))
        expect(resource.resourcePoolId).toBe(pool.resourcePoolId)
    await service.restart()
    const typed = (some: JsonObject[]) => some.map(({ resourceId, resourceTypeId }) => [resourceId, resourceTypeId])
    expect(typed((await inventory.resources()).flatMap(withElements))).toEqual(typed(before))
  })
})

const FACTORS: Record<string, number> = { m: 0.001, '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 }

/** A Kubernetes quantity as a number. */
function amountOf(quantity: string): number {
  const [, digits = '', unit = ''] = /^(\d+)(m|Ki|Mi|Gi|)$/.exec(quantity) ?? []
  return Math.round(Number(digits) * (FACTORS[unit] ?? Number.NaN) * 1000) / 1000
}
