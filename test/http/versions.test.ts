import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { noBody, none, type Operation, operation } from '../../src/http/operation.ts'
import { aliasesOf, type VersionedApi, versionOperations } from '../../src/http/versions.ts'
import { type Answer, call } from '../harness/client.ts'
import { startToyApp, type ToyApp } from './toy-app.ts'

const INVENTORY: VersionedApi = {
  root: '/O2ims_infrastructureInventory',
  aliases: ['/o2ims-infrastructureInventory', '/o2ims_infrastructureInventory'],
  major: 'v2',
  aliasMajors: ['v1'],
  version: '2.0.0',
  tag: 'Inventory',
  shortName: 'Inventory',
}
const PROVISIONING: VersionedApi = {
  root: '/O2ims_infrastructureProvisioning',
  aliases: ['/o2ims-infrastructureProvisioning'],
  major: 'v1',
  version: '1.2.0',
  tag: 'Provisioning',
  shortName: 'Provisioning',
}
const PREFIXES = [
  '/O2ims_infrastructureInventory/v2',
  '/o2ims-infrastructureInventory/v1',
  '/o2ims-infrastructureInventory/v2',
  '/o2ims_infrastructureInventory/v1',
  '/o2ims_infrastructureInventory/v2',
]

function operations(api: VersionedApi): Operation[] {
  const common = { tag: api.tag, summary: 'A resource', query: none, body: noBody, aliases: aliasesOf(api) } as const
  const answers = { 200: { description: 'It.', body: z.strictObject({ id: z.string() }) } }
  const root = `${api.root}/${api.major}`
  const handle = async (id: string) => ({ status: 200, body: { id } })
  return [
    operation({
      ...common,
      method: 'GET',
      path: root,
      operationId: `get${api.shortName}Root`,
      params: none,
      answers,
      handle: () => handle('root'),
    }),
    operation({
      ...common,
      method: 'GET',
      path: `${root}/things/{id}`,
      operationId: `get${api.shortName}Thing`,
      params: z.strictObject({ id: z.string() }),
      answers,
      handle: ({ params }) => handle(params.id),
    }),
    ...versionOperations(api),
  ]
}

function start(settings = {}): Promise<ToyApp> {
  const versioned = [INVENTORY, PROVISIONING]
  return startToyApp({ versioned, operations: versioned.flatMap(operations), settings })
}

/** Everything of an answer but what each answer has of its own. */
function same({ status, headers, body }: Answer): object {
  return { status, headers: Object.fromEntries([...headers].filter(([name]) => name !== 'date')), body }
}

describe('the APIs of the specification', () => {
  let app: ToyApp
  beforeAll(async () => {
    app = await start()
  })
  afterAll(() => app.close())

  test.each(PREFIXES)('answer below %s as below the canonical path', async (prefix) => {
    for (const path of ['', '/', '/things/1', '/things/1?x=1', '/nothing', '/api_versions']) {
      for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS']) {
        const canonical = same(await call(`${app.url}${PREFIXES[0]}${path}`, method))
        const alias = JSON.stringify(same(await call(`${app.url}${prefix}${path}`, method)))
        expect(JSON.parse(alias.replaceAll(`"instance":"${prefix}`, `"instance":"${PREFIXES[0]}`)), path).toEqual(
          canonical,
        )
      }
    }
  })

  test('have no other majors: only an alias takes an older one', async () => {
    expect((await call(`${app.url}/O2ims_infrastructureInventory/v1/things/1`)).status).toBe(404)
    expect((await call(`${app.url}/o2ims-infrastructureProvisioning/v2/things/1`)).status).toBe(404)
  })

  test.each([
    ['/O2ims_infrastructureInventory/api_versions', INVENTORY],
    ['/O2ims_infrastructureInventory/v2/api_versions', INVENTORY],
    ['/o2ims-infrastructureInventory/api_versions', INVENTORY],
    ['/o2ims_infrastructureInventory/v1/api_versions', INVENTORY],
    ['/O2ims_infrastructureProvisioning/v1/api_versions', PROVISIONING],
    ['/o2ims-infrastructureProvisioning/api_versions', PROVISIONING],
  ])('tell their versions at %s, to GET alone', async (path, { root, major, version }) => {
    const answer = await call(app.url + path)
    expect(answer.body).toEqual({ uriPrefix: `${app.url}${root}/${major}/`, apiVersions: [{ version }] })
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const refused = await call(app.url + path, method)
      expect([refused.status, refused.headers.get('allow')], method).toEqual([405, 'GET, HEAD, OPTIONS'])
      expect(refused.headers.get('version')).toBe(version)
    }
  })

  test.each([
    ['GET', '/things/1', 200],
    ['HEAD', '/things/1', 200],
    ['OPTIONS', '/things/1', 204],
    ['GET', '/things/1?x=1', 400],
    ['GET', '/things/%zz', 400],
    ['GET', '/nothing', 404],
    ['DELETE', '/things/1', 405],
  ])('name their version in every answer: %s %s is a %i', async (method, path, status) => {
    for (const [prefix, version] of [
      ['/o2ims-infrastructureInventory/v1', '2.0.0'],
      ['/O2ims_infrastructureProvisioning/v1', '1.2.0'],
    ]) {
      const answer = await call(`${app.url}${prefix}${path}`, method)
      expect([answer.status, answer.headers.get('version')], prefix).toEqual([status, version])
    }
  })

  test.each([
    ['2.0.0', 200],
    ['1.2.0', 406],
    ['2', 406],
    ['2.0.0, 2.0.0', 406],
    ['', 406],
  ])('answer to Version: %s with %i', async (version, status) => {
    const answer = await call(`${app.url}${PREFIXES[0]}/things/1`, 'GET', undefined, { version })
    expect([answer.status, answer.headers.get('version')]).toEqual([status, '2.0.0'])
    if (status === 406)
      expect(answer.body).toMatchObject({ code: 'NOT_ACCEPTABLE', detail: expect.stringContaining('2.0.0') })
    const versions = await call(`${app.url}${PREFIXES[0]}/api_versions`, 'GET', undefined, { version })
    expect([versions.status, versions.body.apiVersions]).toEqual([200, [{ version: '2.0.0' }]])
  })

  test('look at the Version of an escaped path, too', async () => {
    const path = `${PREFIXES[0]}/things/1`.replace('I', '%49')
    expect((await call(app.url + path)).headers.get('version')).toBe('2.0.0')
    expect((await call(app.url + path, 'GET', undefined, { version: '9.0.0' })).status).toBe(406)
  })

  test('do not mind what a front door is asked for', async () => {
    const answer = await call(`${app.url}/toys/1`, 'GET', undefined, { version: '9.0.0' })
    expect([answer.status, answer.headers.get('version')]).toEqual([200, null])
  })
})

describe('a strict service', () => {
  let app: ToyApp
  beforeAll(async () => {
    app = await start({ strictVersion: true })
  })
  afterAll(() => app.close())

  test('refuses a request without Version, on every path of the specification and its aliases', async () => {
    for (const prefix of PREFIXES) {
      const answer = await call(`${app.url}${prefix}/things/1`)
      expect(answer.status).toBe(400)
      expect(answer.body).toMatchObject({ code: 'INVALID_ARGS', detail: expect.stringContaining('Version: 2.0.0') })
      expect((await call(`${app.url}${prefix}/things/1`, 'GET', undefined, { version: '2.0.0' })).status).toBe(200)
    }
  })

  test('tells its versions, and answers at its front door, without one', async () => {
    expect((await call(`${app.url}/O2ims_infrastructureInventory/api_versions`)).status).toBe(200)
    expect((await call(`${app.url}/o2ims-infrastructureInventory/v1/api_versions`)).status).toBe(200)
    expect((await call(`${app.url}/toys/1`)).status).toBe(200)
  })
})

test('the address that others use is what api_versions tells where it is configured', async () => {
  const operations = versionOperations(INVENTORY, 'https://o2.example/ims')
  const app = await startToyApp({ versioned: [INVENTORY], operations })
  const answer = await call(`${app.url}/o2ims-infrastructureInventory/api_versions`)
  expect(answer.body.uriPrefix).toBe('https://o2.example/ims/O2ims_infrastructureInventory/v2/')
  await app.close()
})
