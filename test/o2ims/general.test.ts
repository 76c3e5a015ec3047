import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { fulfilled, query, type Service, startConformingService, subscribed, whole, workload } from './service.ts'
import { INVENTORY, LISTS, namesOf, PROVISIONING, RESOURCES } from './tables.ts'

const REQUESTS = `${PROVISIONING}/provisioningRequests`
const SUBSCRIPTIONS = `${INVENTORY}/subscriptions`
const READ = Object.keys(RESOURCES)

describe('the general protocol', needs('redis'), () => {
  let service: Service
  beforeAll(async () => {
    service = await startConformingService()
  })
  afterAll(() => service?.stop())

  /** What every resource of the tables answers to GET. */
  const everything = () => Promise.all(READ.map(async (path) => ({ path, ...(await service.call(service.at(path))) })))

  test('GEN-01 every resource stands below the name of its API and its major version, but for the API versions', async () => {
    const own = Object.keys(service.contract.document.paths).filter((path) => path.startsWith('/O2ims_'))
    expect(own.length).toBeGreaterThan(20)
    const form = /^\/O2ims_infrastructure(Inventory\/v2|Provisioning\/v1)(\/[A-Za-z_{}]+)*$|^\/O2ims_\w+\/api_versions$/
    for (const path of own) expect(path).toMatch(form)
    for (const { path } of LISTS) {
      const without = service.at(path).replace(/\/v\d\//, '/')
      expect((await service.call(without)).status, without).toBe(404)
    }
  })

  test('GEN-02 the APIs answer under their names, and under no other spelling of them', async () => {
    expect((await service.call(`${INVENTORY}/resourceTypes`)).status).toBe(200)
    expect((await service.call(REQUESTS)).status).toBe(200)
    for (const other of [
      'O2IMS_infrastructureInventory',
      'O2ims_InfrastructureInventory',
      'O2ims-infrastructureInventory',
    ])
      expect((await service.call(`/${other}/v2/resourceTypes`)).status, other).toBe(404)
    expect((await service.call('/O2ims_InfrastructureProvisioning/v1/provisioningRequests')).status).toBe(404)
  })

  test('GEN-03 Inventory has the major version 2 and Provisioning 1, and neither has another one', async () => {
    for (const [name, major, full] of [
      ['Inventory', 2, '2.0.0'],
      ['Provisioning', 1, '1.2.0'],
    ] as const) {
      const root = `/O2ims_infrastructure${name}`
      expect((await service.call(`${root}/api_versions`)).body.apiVersions).toEqual([{ version: full }])
      for (const other of [0, 1, 2, 3]) {
        const { status } = await service.call(`${root}/v${other}/api_versions`)
        expect(status, `${name} v${other}`).toBe(other === major ? 200 : 404)
      }
    }
  })

  test('GEN-04 HTTP/1.1 is spoken over TCP', async () => {
    const { hostname, port } = new URL(service.url)
    const socket = connect(Number(port), hostname)
    socket.write(`GET ${INVENTORY}/resourceTypes HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`)
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  })

  test('GEN-05 bodies are application/json in both directions, and no other media type is taken', async () => {
    for (const { path, headers, body } of await everything()) {
      expect(headers.get('content-type'), path).toMatch(/^application\/json\b/)
      expect(typeof body, path).toBe('object')
    }
    const item = service.at(`${REQUESTS}/{provisioningRequestId}`)
    for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'application/jsonx']) {
      const headers = { 'content-type': type }
      for (const path of [SUBSCRIPTIONS, REQUESTS])
        expect((await service.call(path, 'POST', '{}', headers)).status, `${path} ${type}`).toBe(415)
      expect((await service.call(item, 'PUT', '{}', headers)).status, type).toBe(415)
    }
    for (const path of [SUBSCRIPTIONS, REQUESTS])
      expect((await service.call(path, 'POST', '{"name":')).body).toMatchObject({ status: 400, code: 'MALFORMED_BODY' })
  })

  test('GEN-06 URIs hold only what RFC 3986 allows, ids of the SMO included', async () => {
    const unreserved = /^[A-Za-z0-9._~-]+$/
    for (const { path, id } of LISTS)
      for (const entry of await service.all(service.at(path))) expect(valueAt(entry, id), path).toMatch(unreserved)
    const bad = ['a b', 'ä', 'a/b', 'a?b', '%41', '']
    for (const provisioningRequestId of bad)
      expect(
        (await service.call(REQUESTS, 'POST', workload(provisioningRequestId))).status,
        provisioningRequestId,
      ).toBe(400)
    const reserved = 'ROOF:7~a_b.c'
    const registered = { name: 'roof', simulated: true, location: { globalLocationId: reserved, name: 'Roof' } }
    expect((await service.call('/o2ims/v1/ocloud', 'POST', registered)).status).toBe(201)
    for (const globalLocationId of bad.slice(0, 4)) {
      const location = { globalLocationId, name: 'Elsewhere' }
      const refused = await service.call('/o2ims/v1/ocloud', 'POST', { ...registered, name: 'other', location })
      expect(refused.status, globalLocationId).toBe(400)
    }
    await eventually(() =>
      expect(lastPath('/locations/')).toBe(`${INVENTORY}/locations/${encodeURIComponent(reserved)}`),
    )
    for (const broken of ['%', '%ZZ', '%E4']) {
      expect((await service.call(`${REQUESTS}?filter=${broken}`)).status, broken).toBe(400)
      expect((await service.call(`${INVENTORY}/locations/${broken}`)).status, broken).toBe(400)
    }
    const foreign = await service.call(`${INVENTORY}/locations/[a|b]`)
    expect(foreign.body).toMatchObject({ status: 404, instance: `${INVENTORY}/locations/%5Ba%7Cb%5D` })
    for (const written of [reserved, encodeURIComponent(reserved)])
      expect((await service.call(`${INVENTORY}/locations/${written}`)).body.globalLocationId).toBe(reserved)
    await eventually(() => whole(service))
  })

  /** Of the last notification about such an object. */
  function lastPath(part: string): string | undefined {
    const told = service.subscriber.requests.map(({ body }) => JSON.parse(body).objectRef ?? '')
    const last = told.findLast((ref: string) => ref.includes(part))
    return last && new URL(last).pathname
  }

  test('GEN-07 a path variable is one segment: a slash ends it, one that is percent-encoded belongs to the value', async () => {
    const items = READ.filter((path) => path.endsWith('}'))
    expect(items.length).toBe(10)
    for (const path of items) {
      const start = service.at(path.slice(0, path.lastIndexOf('/')))
      const two = await service.call(`${start}/a/b`)
      expect(two.body, path).toMatchObject({ status: 404, detail: 'there is nothing at this path' })
      const inside = await service.call(`${start}/a%2Fb`)
      if (path.endsWith('{provisioningRequestId}')) expect(inside.status).toBe(400)
      else expect(inside.body, path).toMatchObject({ status: 404, detail: expect.stringContaining('a/b') })
    }
  })

  test('GEN-08 Accept, Content-Type, Authorization, Range and Version are taken with every request', async () => {
    const own = { accept: 'application/json', authorization: 'Bearer abc.def.ghi' }
    for (const { path, body } of await everything()) {
      const version = path.includes('Inventory') ? '2.0.0' : '1.2.0'
      const answer = await service.call(service.at(path), 'GET', undefined, { ...own, version, range: 'bytes=0-3' })
      expect([answer.status, answer.body], path).toEqual([200, body])
      expect(answer.headers.get('content-range')).toBeNull()
    }
    const headers = { ...own, 'content-type': 'application/json; charset=utf-8', version: '2.0.0' }
    const given = { callback: `${service.subscriber.url}/headers` }
    expect((await service.call(SUBSCRIPTIONS, 'POST', given, headers)).status).toBe(201)
  })

  test('GEN-09 every answer with a body says what it is, whatever was asked and however it went', async () => {
    let bodies = 0
    const odd: Record<string, string>[] = [{}, { version: '9.9.9' }, { 'content-type': 'text/plain' }]
    for (const path of READ.flatMap(namesOf))
      for (const method of ['GET', 'PATCH', 'POST', 'PUT'])
        for (const headers of odd) {
          const given = method === 'GET' ? undefined : 'x'
          const { status, body, headers: got } = await service.call(service.at(path), method, given, headers)
          if (body === '') continue
          bodies += 1
          const type = status === 200 ? 'application/json' : 'application/problem+json'
          expect(got.get('content-type')?.split(';')[0], `${method} ${path} ${status}`).toBe(type)
        }
    expect(bodies).toBeGreaterThan(500)
  })

  test('GEN-10 Location is where what was made can be read, on 201 and 202', async () => {
    const posted = await fulfilled(service, workload('located'))
    expect(posted.status).toBe(201)
    const subscription = await service.call(SUBSCRIPTIONS, 'POST', { callback: `${service.subscriber.url}/located` })
    expect(subscription.status).toBe(201)
    for (const { headers, body } of [posted, subscription])
      expect((await service.call(headers.get('location') ?? '')).body).toMatchObject(
        body.subscriptionId ? body : { provisioningRequestData: body.provisioningRequestData },
      )
    const removed = await service.call(`${REQUESTS}/located`, 'DELETE')
    expect([removed.status, removed.headers.get('location')]).toEqual([202, `${REQUESTS}/located`])
    for (const alias of namesOf(REQUESTS).slice(1)) {
      const id = `located-${alias.length}-${alias.includes('-')}`
      const { headers } = await service.call(alias, 'POST', workload(id))
      expect(headers.get('location')).toBe(`${alias}/${id}`)
      expect((await service.call(`${alias}/${id}`)).status).toBe(200)
    }
  })

  test('GEN-15 subscribing, provisioning and reading work alike in whatever order they come', async () => {
    const orders = permutations(['subscribe', 'provision', 'read'] as const)
    expect(orders.length).toBe(6)
    await Promise.all(
      orders.map(async (order, index) => {
        for (const what of order) {
          if (what === 'subscribe') expect((await subscribed(service, `order-${index}`)).callback).toContain('order')
          if (what === 'provision') expect((await fulfilled(service, workload(`order-${index}`))).status).toBe(201)
          if (what === 'read') expect((await service.all(`${INVENTORY}/deploymentManagers`)).length).toBeGreaterThan(3)
        }
      }),
    )
  })

  test('GEN-16 dates and times have the form of RFC 3339, in UTC', async () => {
    const answers = await everything()
    const front = await service.call('/o2ims/v1/provisioningRequests/first')
    const times = [...answers, front].flatMap(({ body }) => scalarsOf(body)).filter(isLikeADate)
    expect(times.length).toBeGreaterThan(10)
    for (const time of times) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
    const [{ status }] = (await service.call(REQUESTS)).body
    expect(times).toContain(status.updateTime)
  })

  test('GEN-17 KeyValuePairs are objects with values of any type, and come back as they were sent', async () => {
    const template = {
      name: 'anything',
      version: '1.0.0',
      description: 'Takes anything',
      result: 'resources',
      timeoutSeconds: 60,
      parameterSchema: { type: 'object', additionalProperties: false, properties: { any: {}, also: {} } },
      steps: [{ name: 'report', uses: 'report' }],
    }
    expect((await service.call('/o2ims/v1/templates', 'POST', template)).status).toBe(201)
    const any = { text: 'a', number: 1.5, flag: false, nothing: null, list: [1, ['b', {}]], map: { 'a/b': { c: [] } } }
    for (const [name, value] of [...Object.entries(any), ['all', any]] as [string, JsonValue][]) {
      const templateParameters = { any: value, also: 'x' }
      const request = { ...workload(`any-${name}`), templateName: 'anything', templateParameters }
      expect((await service.call(REQUESTS, 'POST', request)).status, name).toBe(201)
      const { body } = await service.call(`${REQUESTS}/any-${name}`)
      expect(body.provisioningRequestData.templateParameters, name).toEqual(templateParameters)
    }
    for (const list of [[], 'x', 1]) {
      const refused = { ...workload('no-map'), templateParameters: list }
      expect((await service.call(REQUESTS, 'POST', refused)).status).toBe(400)
    }
    for (const { capacity, capabilities, extensions } of await service.all(`${INVENTORY}/deploymentManagers`))
      for (const pairs of [capacity, capabilities, extensions]) expect(isMap(pairs), JSON.stringify(pairs)).toBe(true)
  })

  test('GEN-18 the coordinate of a location is a GeoJSON Point, as it was registered', async () => {
    const locations = await service.all(`${INVENTORY}/locations`)
    expect(locations.find(({ globalLocationId }) => globalLocationId === 'TW-HSZ')?.coordinate).toEqual([
      { type: 'Point', coordinates: [120.99, 24.78] },
    ])
    const coordinate = { type: 'Point', coordinates: [-71.06, 42.36, 12.5] }
    const location = { globalLocationId: 'US-BOS', name: 'Boston', coordinate }
    await service.call('/o2ims/v1/ocloud', 'POST', { name: 'boston', simulated: true, location })
    await eventually(async () =>
      expect((await service.call(`${INVENTORY}/locations/US-BOS`)).body.coordinate).toEqual([coordinate]),
    )
    for (const coordinates of [[200, 0], [0, 91], [1], 'x', [1, 2, 3, 4]]) {
      const wrong = { ...location, coordinate: { type: 'Point', coordinates } }
      const refused = await service.call('/o2ims/v1/ocloud', 'POST', {
        name: 'wrong',
        simulated: true,
        location: wrong,
      })
      expect(refused.status, JSON.stringify(coordinates)).toBe(400)
    }
  })

  test('GEN-20 every method of every resource that the tables have is answered, under each of its names', async () => {
    const called: string[] = []
    for (const [path, methods] of Object.entries(RESOURCES))
      for (const name of namesOf(path))
        for (const [method, success] of Object.entries(methods)) {
          const id = `row-${called.length}`
          const { at, body } = await arranged(name, method, id)
          expect((await service.call(at, method, body)).status, `${method} ${name}`).toBe(success)
          called.push(`${method} ${name}`)
        }
    expect(called.length).toBeGreaterThan(100)
  })

  /** The path and body of a call that succeeds; what it changes is its own. */
  async function arranged(path: string, method: string, id: string): Promise<{ at: string; body?: JsonObject }> {
    if (method === 'GET') return { at: service.at(path) }
    if (method === 'POST') {
      const body = path.endsWith('subscriptions') ? { callback: `${service.subscriber.url}/${id}` } : workload(id)
      return { at: path, body }
    }
    if (path.endsWith('{subscriptionId}')) {
      const { subscriptionId } = await subscribed(service, id)
      return { at: path.replace('{subscriptionId}', String(subscriptionId)) }
    }
    await service.call(REQUESTS, 'POST', workload(id))
    const at = path.replace('{provisioningRequestId}', id)
    return method === 'PUT' ? { at, body: workload(id, { description: 'another one' }) } : { at }
  }

  test('GEN-21 every method that is not defined on a resource is answered with 405 and with those that are', async () => {
    const { paths } = service.contract.document
    let refused = 0
    for (const path of new Set([...READ.map((one) => one.replace(/\/$/, '')), ...Object.keys(paths)])) {
      const defined = Object.keys(RESOURCES[path] ?? RESOURCES[`${path}/`] ?? paths[path] ?? {}).map((one) =>
        one.toUpperCase(),
      )
      for (const name of namesOf(path))
        for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND']) {
          if (defined.includes(method)) continue
          const { status, allow } = await bare(method, name.replaceAll(/\{[^}]+\}/g, 'some'))
          expect(
            [status, allow.filter((one) => one !== 'HEAD' && one !== 'OPTIONS').sort()],
            `${method} ${name}`,
          ).toEqual([405, defined.sort()])
          refused += 1
        }
    }
    expect(refused).toBeGreaterThan(500)
  })

  /** fetch does not send TRACE. */
  async function bare(method: string, path: string): Promise<{ status: number | undefined; allow: string[] }> {
    const sent = request(service.url + path, { method, agent: false }).end()
    const [answer] = await once(sent, 'response')
    answer.resume()
    return { status: answer.statusCode, allow: String(answer.headers.allow ?? '').split(', ') }
  }

  test('GEN-22 GET of a collection answers 200 with an array, also where nothing is in it', async () => {
    for (const { path, id } of LISTS)
      for (const name of namesOf(path)) {
        const some = await service.call(service.at(name))
        expect([some.status, Array.isArray(some.body), some.body.length > 0], name).toEqual([200, true, true])
        const none = await service.call(service.at(name) + query(['filter', `(eq,${id},no-such-id)`]))
        expect([none.status, none.body], name).toEqual([200, []])
      }
  })
})

function permutations<T>(of: readonly T[]): T[][] {
  if (of.length < 2) return [[...of]]
  return of.flatMap((one, index) => permutations(of.toSpliced(index, 1)).map((rest) => [one, ...rest]))
}

function valueAt(entry: JsonObject, path: string): JsonValue | undefined {
  return path.split('/').reduce<JsonValue | undefined>((value, name) => (isMap(value) ? value[name] : undefined), entry)
}

function isMap(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function scalarsOf(value: JsonValue): JsonValue[] {
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(scalarsOf) : [value]
}

const isLikeADate = (value: JsonValue): value is string => typeof value === 'string' && /^\d{4}-\d\d-\d\d/.test(value)
