import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { needs } from '../harness/needs.ts'
import { type Service, startConformingService } from './service.ts'
import { ALIASES, INVENTORY, LISTS, namesOf, PROVISIONING, RESOURCES } from './tables.ts'

const APIS = [
  { root: '/O2ims_infrastructureInventory', base: INVENTORY, version: '2.0.0' },
  { root: '/O2ims_infrastructureProvisioning', base: PROVISIONING, version: '1.2.0' },
]
const VERSIONS = Object.keys(RESOURCES).filter((path) => path.endsWith('/api_versions'))
/** None of them is spoken by any API. */
const OTHERS = ['1.0.0', '1.1.0', '2.0.1', '2.1.0', '3.0.0', '2', 'v2', '2.0', '2.0.0.0', '*', 'latest']

const versionOf = (path: string): string => (path.startsWith('/O2ims_infrastructureProv') ? '1.2.0' : '2.0.0')

describe('versions', needs('redis'), () => {
  let service: Service
  beforeAll(async () => {
    service = await startConformingService()
  })
  afterAll(() => service?.stop())

  const informations = () => Promise.all(VERSIONS.map(async (path) => ({ path, ...(await service.call(path)) })))

  test('VER-01 each API tells its versions, below its name and below its major version, under each of its names', async () => {
    expect(VERSIONS.length).toBe(2 * APIS.length)
    for (const { root, base } of APIS) {
      const { status, body } = await service.call(`${root}/api_versions`)
      expect(status, root).toBe(200)
      for (const path of [...namesOf(`${root}/api_versions`), ...namesOf(`${base}/api_versions`)]) {
        const same = await service.call(path)
        expect([same.status, same.body], path).toEqual([200, body])
      }
    }
    for (const { prefix } of ALIASES) expect((await service.call(`${prefix}/api_versions`)).status, prefix).toBe(200)
  })

  test('VER-02 the information has the prefix of the URIs, which leads to the API, and at least one version', async () => {
    for (const { root, base } of APIS) {
      const { body } = await service.call(`${root}/api_versions`)
      expect(body.uriPrefix).toBe(`${service.url}${base}/`)
      expect(body.apiVersions.length).toBeGreaterThan(0)
      for (const { path } of LISTS.filter((list) => list.path.startsWith(base))) {
        const below = new URL(service.at(path).slice(base.length + 1), body.uriPrefix)
        expect((await service.call(below.pathname)).status, path).toBe(200)
      }
    }
  })

  test('VER-03 no version has a date of retirement unless it is deprecated', async () => {
    for (const { path, body } of await informations())
      for (const { isDeprecated, retirementDate } of body.apiVersions)
        expect([isDeprecated ?? false, retirementDate], path).toEqual([false, undefined])
  })

  test('VER-04 what is listed is answered, and no other version is', async () => {
    for (const { path: informed, body } of await informations()) {
      const listed: string[] = body.apiVersions.map(({ version }: { version: string }) => version)
      const path = LISTS.find((list) => versionOf(list.path) === versionOf(informed))?.path ?? ''
      for (const version of listed)
        expect((await service.call(path, 'GET', undefined, { version })).status, path).toBe(200)
      for (const version of OTHERS.filter((other) => !listed.includes(other)))
        expect((await service.call(path, 'GET', undefined, { version })).status, `${path} ${version}`).toBe(406)
    }
  })

  test('VER-05 versions are MAJOR.MINOR.PATCH, and the major is the one of the path', async () => {
    for (const { root, base, version } of APIS) {
      const { body } = await service.call(`${root}/api_versions`)
      expect(body.apiVersions).toEqual([{ version }])
      expect(version).toMatch(/^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/)
      expect(base.endsWith(`/v${version.split('.')[0]}`)).toBe(true)
    }
  })

  test('VER-06 every answer says its Version, errors too, under each name of a resource, and takes it in requests', async () => {
    for (const path of Object.keys(RESOURCES))
      for (const name of namesOf(path)) {
        const version = versionOf(path)
        const calls = [
          await service.call(service.at(name), 'GET', undefined, { version }),
          await service.call(service.at(name)),
          await service.call(service.at(name), 'PATCH'),
          await service.call(`${service.at(name)}?unknown=1`),
          await service.call(`${service.at(name).replace(/\/$/, '')}/no/such/thing`),
          await service.call(service.at(name), 'GET', undefined, { version: '9.9.9' }),
        ]
        expect(
          calls.map(({ status }) => status),
          name,
        ).toEqual([200, 200, 405, 400, 404, VERSIONS.includes(path) ? 200 : 406])
        for (const { headers, status } of calls) expect(headers.get('version'), `${name} ${status}`).toBe(version)
      }
  })

  test('VER-07 a version that is not supported is 406 on every resource, under each of its names; none at all is the current one, and any will do where versions are learnt', async () => {
    for (const path of Object.keys(RESOURCES))
      for (const name of namesOf(path)) {
        expect((await service.call(service.at(name))).status, name).toBe(200)
        for (const version of OTHERS) {
          const { status, body } = await service.call(service.at(name), 'GET', undefined, { version })
          if (VERSIONS.includes(path)) expect(status, name).toBe(200)
          else
            expect(body, `${name} ${version}`).toMatchObject({
              status: 406,
              code: 'NOT_ACCEPTABLE',
              detail: expect.stringContaining(versionOf(path)),
            })
        }
      }
  })

  test('VER-08 the API versions can be read and nothing else', async () => {
    for (const path of VERSIONS.flatMap(namesOf))
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const { status, headers } = await service.call(path, method, method === 'DELETE' ? undefined : {})
        expect([status, headers.get('allow')], `${method} ${path}`).toEqual([405, 'GET, HEAD, OPTIONS'])
      }
  })
})

describe('versions in the strict setting', needs('redis'), () => {
  let service: Service
  beforeAll(async () => {
    service = await startConformingService({ env: { STRICT_VERSION: 'true' }, entries: 0 })
  })
  afterAll(() => service?.stop())

  test('VER-07 a request without a Version is 400 then, but where a client learns what to send', async () => {
    const lists = LISTS.map(({ path }) => path).filter((path) => !path.includes('{'))
    expect(lists.length).toBe(9)
    for (const path of lists.flatMap(namesOf)) {
      const version = path.includes('Provisioning') ? '1.2.0' : '2.0.0'
      const without = await service.call(path)
      expect(without.body, path).toMatchObject({ status: 400, detail: expect.stringContaining(`Version: ${version}`) })
      expect((await service.call(path, 'GET', undefined, { version })).status, path).toBe(200)
      expect((await service.call(path, 'GET', undefined, { version: '9.9.9' })).status, path).toBe(406)
    }
    for (const path of VERSIONS.flatMap(namesOf)) expect((await service.call(path)).status, path).toBe(200)
    expect((await service.call('/o2ims/v1/ocloud')).status).toBe(200)
  })
})
