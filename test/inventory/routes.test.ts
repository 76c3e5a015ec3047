import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../harness/api.ts'
import { call } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'

const ROOT = '/O2ims_infrastructureInventory/v2'
const LISTS = [
  ['resourceTypes', 'resourceTypeId', 'ResourceTypeInfo'],
  ['alarmDictionaries', 'alarmDictionaryId', 'AlarmDictionary'],
  ['performanceDictionaries', 'performanceDictionaryId', 'PerformanceDictionary'],
  ['resourcePools', 'resourcePoolId', 'ResourcePoolInfo'],
  ['deploymentManagers', 'deploymentManagerId', 'DeploymentManagerInfo'],
  ['locations', 'globalLocationId', 'LocationInfo'],
  ['oCloudSites', 'oCloudSiteId', 'OCloudSiteInfo'],
] as const

describe('Inventory over HTTP', needs('redis'), () => {
  let api: TestApi
  let base: string
  let matches: (schema: string, value: unknown) => void

  beforeAll(async () => {
    api = await startTestApi({ worker: false, keepInventory: true })
    base = api.url + ROOT
    for (const name of ['sim-2', 'sim-3'])
      await api.oClouds.create({
        name,
        simulated: true,
        site: { oCloudSiteId: 'shared', name: 'Shared' },
        location: { globalLocationId: 'L-1', name: 'Here' },
      })
    await eventually(async () => expect((await call(`${base}/deploymentManagers`)).body).toHaveLength(3), 10_000)
    const document = (await call(`${api.url}/openapi/o2ims.json`)).body
    const ajv = new Ajv2020({ strict: false, allErrors: true })
    addFormats.default(ajv)
    ajv.addSchema({ $id: 'https://o2ims.test/document', ...document })
    matches = (schema, value) => {
      const validate = ajv.compile({ $ref: `https://o2ims.test/document#/components/schemas/${schema}` })
      expect(validate(value), `${schema}: ${JSON.stringify(validate.errors)}`).toBe(true)
    }
  })
  afterAll(() => api?.close())

  const get = async (path: string) => {
    const answer = await call(base + path)
    expect([answer.status, path]).toEqual([200, path])
    return answer.body
  }

  test('the O-Cloud is read with and without a slash, with selectors and nothing else', async () => {
    const cloud = await get('')
    matches('CloudInfo', cloud)
    expect(cloud.serviceUri).toBe(api.url)
    expect(await get('/')).toEqual(cloud)
    for (const query of ['all_fields', 'fields=extensions', 'exclude_fields=extensions', 'exclude_default'])
      expect(await get(`?${query}`)).toEqual(cloud)
    for (const query of [
      'filter=(eq,name,o2ims)',
      'nextpage_opaque_marker=x',
      'fields=nothing',
      'all_fields&fields=extensions',
    ])
      expect((await call(`${base}?${query}`)).body).toMatchObject({ status: 400, code: 'INVALID_QUERY' })
  })

  test.each(LISTS)(
    'what is listed under %s is read by its id, with an ETag, and takes no query',
    async (list, key, schema) => {
      const entries = await get(`/${list}?all_fields`)
      expect(entries.length).toBeGreaterThan(0)
      for (const entry of entries) {
        const path = `${base}/${list}/${encodeURIComponent(entry[key])}`
        const one = await call(path)
        expect([one.status, one.body, one.headers.get('version')]).toEqual([200, entry, '2.0.0'])
        matches(schema, one.body)
        const etag = one.headers.get('etag') ?? ''
        expect((await call(path, 'GET', undefined, { 'if-none-match': etag })).status).toBe(304)
        expect((await call(`${path}?all_fields`)).status).toBe(400)
      }
      expect((await call(`${base}/${list}/nothing`)).body).toMatchObject({ status: 404, code: 'NOT_FOUND' })
      expect((await call(`${base}/${list}?filter=(eq,${key},nothing)`)).body).toEqual([])
      expect((await call(`${base}/${list}?filter=(eq,${key},${entries[0][key]})`)).body).toHaveLength(1)
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
        expect((await call(`${base}/${list}`, method)).headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    },
  )

  test('dictionaries are the same by either way in, and lists leave their largest part out', async () => {
    let measured = 0
    for (const type of await get('/resourceTypes')) {
      const alarms = await call(`${base}/resourceTypes/${type.resourceTypeId}/alarmDictionary`)
      expect(alarms.body).toEqual(await get(`/alarmDictionaries/${type.alarmDictionaryId}`))
      expect(alarms.headers.get('etag')).not.toBeNull()
      const measurements = await call(`${base}/resourceTypes/${type.resourceTypeId}/performanceDictionary`)
      if (type.performanceDictionaryId === undefined) expect(measurements.body.code).toBe('NOT_FOUND')
      else {
        measured += 1
        expect(measurements.body).toEqual(await get(`/performanceDictionaries/${type.performanceDictionaryId}`))
      }
    }
    expect(measured).toBeGreaterThan(0)
    expect((await call(`${base}/resourceTypes/nothing/alarmDictionary`)).status).toBe(404)
    const [alarms] = await get('/alarmDictionaries')
    const [performance] = await get('/performanceDictionaries')
    expect([alarms.alarmDefinition, performance.supportedMeasurements]).toEqual([undefined, undefined])
    matches('ListedAlarmDictionary', alarms)
    matches('ListedPerformanceDictionary', performance)
    expect((await get('/alarmDictionaries?exclude_default&fields=alarmDefinition'))[0].alarmDefinition).toBeDefined()
    const found = await get('/alarmDictionaries?filter=(eq,alarmDefinition/alarmName,CLUSTER_MAJOR)')
    expect(found).toHaveLength(1)
  })

  test('a client walks from the O-Cloud to every element, and everything that is named is there', async () => {
    const ids = async (list: string, key: string) => new Set((await get(`/${list}`)).map((one: never) => one[key]))
    const [types, sites, locations, managers] = await Promise.all([
      ids('resourceTypes', 'resourceTypeId'),
      ids('oCloudSites', 'oCloudSiteId'),
      ids('locations', 'globalLocationId'),
      ids('deploymentManagers', 'deploymentManagerId'),
    ])
    const { oCloudId } = await get('')
    const classes = new Set<string>()
    let elements = 0
    const walk = async (resource: Resource, pool: string): Promise<void> => {
      expect(types).toContain(resource.resourceTypeId)
      expect(resource.resourcePoolId).toBe(pool)
      classes.add((await get(`/resourceTypes/${resource.resourceTypeId}`)).extensions.category)
      for (const element of resource.elements ?? []) {
        elements += 1
        await walk(element, pool)
      }
    }
    const pools = await get('/resourcePools')
    expect(pools).toHaveLength(6)
    for (const pool of pools) {
      expect([pool.oCloudId, sites.has(pool.oCloudSiteId), locations.has(pool.globalLocationId)]).toEqual([
        oCloudId,
        true,
        true,
      ])
      expect(managers).toContain(pool.extensions.deploymentManagerId)
      const resources = await get(`/resourcePools/${pool.resourcePoolId}/resources`)
      expect(resources.length).toBeGreaterThan(0)
      for (const resource of resources) {
        expect(await get(`/resourcePools/${pool.resourcePoolId}/resources/${resource.resourceId}`)).toEqual(resource)
        matches('ResourceInfo', resource)
        await walk(resource, pool.resourcePoolId)
      }
    }
    expect([...classes].sort()).toEqual(['accelerator', 'cpu', 'memory', 'network', 'node', 'storage'])
    expect(elements).toBeGreaterThan(30)
    for (const site of await get('/oCloudSites'))
      for (const pool of site.resourcePools)
        expect((await get(`/resourcePools/${pool}`)).oCloudSiteId).toBe(site.oCloudSiteId)
    expect((await get('/oCloudSites/shared')).resourcePools).toHaveLength(4)
  })

  test('a resource is found in its own pool alone', async () => {
    const [first, second] = await get('/resourcePools')
    const [resource] = await get(`/resourcePools/${first.resourcePoolId}/resources`)
    const status = async (path: string) => (await call(base + path)).status
    expect(await status(`/resourcePools/${second.resourcePoolId}/resources/${resource.resourceId}`)).toBe(404)
    expect(await status('/resourcePools/nothing/resources')).toBe(404)
    expect(await status(`/resourcePools/nothing/resources/${resource.resourceId}`)).toBe(404)
  })

  test('the resources of a pool take filters and selectors', async () => {
    const [pool] = await get('/resourcePools?filter=(eq,name,sim-2 zone-1)')
    const list = `/resourcePools/${pool.resourcePoolId}/resources`
    expect(await get(list)).toHaveLength(2)
    const workers = await get(`${list}?filter=(eq,groups,worker)`)
    expect(workers.map((one: Resource) => one.description)).toEqual(['Node node-1 (worker): ready'])
    const [bare] = await get(`${list}?fields=tags`)
    expect([bare.tags.length > 0, bare.elements]).toEqual([true, undefined])
    expect(await get(`${list}?filter=(eq,elements/extensions/name,fec0)&exclude_fields=elements`)).toHaveLength(1)
    expect((await call(`${base}${list}?filter=(eq,colour,red)`)).body).toMatchObject({ code: 'INVALID_QUERY' })
  })

  test('resource types are found by any class, for the list of classes is not exhaustive', async () => {
    const compute = await get('/resourceTypes?filter=(eq,resourceClass,COMPUTE)')
    expect(compute.length).toBeGreaterThan(0)
    expect(await get('/resourceTypes?filter=(in,resourceClass,COMPUTE,ACCELERATOR)')).toEqual(compute)
  })

  test('UUIDs that were registered in capitals are found in any case', async () => {
    const globalLocationId = '6D8F5911-14D2-5566-B0A9-F890996A0957'
    const location = { globalLocationId, name: 'Capitals' }
    const { value } = await api.oClouds.create({ name: 'capitals', simulated: true, location })
    for (const id of [globalLocationId, globalLocationId.toLowerCase()])
      for (const operator of ['eq', 'in', 'cont'])
        await eventually(async () =>
          expect(await get(`/locations?filter=(${operator},globalLocationId,${id})`)).toMatchObject([location]),
        )
    await api.oClouds.remove(value.oCloudId)
    await eventually(async () => expect(await get('/deploymentManagers?filter=(eq,name,capitals)')).toEqual([]))
  })

  test.each([
    '/o2ims-infrastructureInventory/v1',
    '/o2ims-infrastructureInventory/v2',
    '/o2ims_infrastructureInventory/v1',
  ])('below %s the answers are the same', async (alias) => {
    for (const path of ['', '/resourceTypes', '/resourcePools', '/deploymentManagers', '/api_versions'])
      expect((await call(api.url + alias + path)).body).toEqual(await get(path))
  })
})

interface Resource {
  resourceId: string
  resourcePoolId: string
  resourceTypeId: string
  description: string
  elements?: Resource[]
}
