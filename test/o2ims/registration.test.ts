import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { type HttpPeer, startPeer } from '../harness/http-peer.ts'
import { needs } from '../harness/needs.ts'
import { type Service, startConformingService } from './service.ts'
import { INVENTORY, namesOf, PROVISIONING, RESOURCES } from './tables.ts'

const REGISTRATION = '/o2ims/v1/registration'
/** What of Inventory is there only after the registration. */
const GATED = Object.entries(RESOURCES).filter(
  ([path]) => path.startsWith(`${INVENTORY}/`) && !path.endsWith('versions'),
)

describe('the registration with the SMO', needs('redis'), () => {
  let smo: HttpPeer
  let service: Service
  /** What the service said to whoever asked while the SMO was being told. */
  const readiness: number[] = []
  let accepts = false

  beforeAll(async () => {
    smo = await startPeer((response, index) => {
      const { IMS_EP } = JSON.parse(smo.requests[index]?.body ?? '')
      call(`${IMS_EP}/readyz`).then(
        ({ status }) => {
          readiness.push(status)
          response.writeHead(accepts ? 204 : 503).end()
        },
        () => response.destroy(),
      )
    })
    service = await startConformingService({
      entries: 0,
      env: {
        SMO_REGISTRATION_URL: `${smo.url}/available?key=secret`,
        GLOBAL_CLOUD_ID: 'edge-cloud-7',
        GLOBAL_LOCATION_IDS: 'TW-HSZ,TW-TPE',
        GLOBAL_ASSET_IDS: 'asset-1,asset-2',
      },
    })
  })
  afterAll(async () => {
    await service?.stop()
    await smo?.close()
  })

  test('REG-03 GEN-12 until the SMO has accepted, Inventory is 503 with Retry-After under each of its names, and nothing else is', async () => {
    expect(GATED.length).toBe(21)
    for (const [path, methods] of GATED)
      for (const name of namesOf(path))
        for (const method of Object.keys(methods)) {
          const body = method === 'POST' ? { callback: service.subscriber.url } : undefined
          const answer = await service.call(name.replaceAll(/\{[^}]+\}/g, 'some'), method, body)
          expect(answer.body, `${method} ${name}`).toMatchObject({ status: 503, code: 'UNAVAILABLE' })
          expect(Number(answer.headers.get('retry-after')), name).toBeGreaterThan(0)
        }
    const open = [
      '/o2ims/v1/ocloud',
      '/o2ims/v1/subscriptions',
      REGISTRATION,
      '/readyz',
      `${PROVISIONING}/provisioningRequests`,
    ]
    for (const path of [...open, `${INVENTORY}/api_versions`]) expect((await service.call(path)).status, path).toBe(200)
    expect((await service.call(REGISTRATION)).body.state).toBe('PENDING')
  })

  test('REG-01 the SMO is told once the O-Cloud can be used, again and again until it accepts', async () => {
    await eventually(() => expect(smo.requests.length).toBeGreaterThan(1), 30_000)
    expect((await service.call(REGISTRATION)).body).toMatchObject({ state: 'PENDING', lastError: expect.any(String) })
    accepts = true
    await eventually(async () => expect((await service.call(REGISTRATION)).body.state).toBe('ACCEPTED'), 30_000)
    for (const { method, path } of smo.requests) expect([method, path]).toEqual(['POST', '/available?key=secret'])
    expect(new Set(readiness)).toEqual(new Set([200]))
    const told = smo.requests.length
    expect((await service.call(`${INVENTORY}/`)).status).toBe(200)
    expect((await service.call(`${INVENTORY}/deploymentManagers`)).body.length).toBeGreaterThan(0)
    await service.restart()
    expect((await service.call(`${INVENTORY}/`)).status).toBe(200)
    expect(smo.requests.length).toBe(told)
  })

  test('REG-02 it is told globalCloudId, oCloudId and IMS_EP, the root of all services', async () => {
    const { body: cloud } = await service.call(`${INVENTORY}/`)
    expect(smo.requests.length).toBeGreaterThan(1)
    for (const { body, headers } of smo.requests) {
      expect(headers['content-type']).toMatch(/^application\/json\b/)
      expect(JSON.parse(body)).toEqual({ globalCloudId: 'edge-cloud-7', oCloudId: cloud.oCloudId, IMS_EP: service.url })
    }
  })

  test('REG-04 globalCloudId is the one that the SMO gave, in the O-Cloud and in what the SMO is told', async () => {
    expect((await service.call(`${INVENTORY}/`)).body.globalCloudId).toBe('edge-cloud-7')
    expect((await service.call(REGISTRATION)).body.globalCloudId).toBe('edge-cloud-7')
    expect(JSON.parse(smo.requests[0]?.body ?? '').globalCloudId).toBe('edge-cloud-7')
  })

  test('REG-05 what the SMO gave before is kept and can be read', async () => {
    expect((await service.call(REGISTRATION)).body).toMatchObject({
      callback: `${smo.url}/available`,
      globalCloudId: 'edge-cloud-7',
      globalLocationIds: ['TW-HSZ', 'TW-TPE'],
      globalAssetIds: ['asset-1', 'asset-2'],
      IMS_EP: service.url,
    })
  })

  test('REG-01 REG-03 it is told anew of another endpoint, and Inventory waits for that', async () => {
    const told = smo.requests.length
    accepts = false
    const IMS_EP = service.url.replace('127.0.0.1', 'localhost')
    await service.restart({ PUBLIC_URL: IMS_EP })
    await eventually(() => expect(smo.requests.length).toBeGreaterThan(told))
    expect(JSON.parse(smo.requests.at(-1)?.body ?? '').IMS_EP).toBe(IMS_EP)
    expect((await service.call(`${INVENTORY}/`)).status).toBe(503)
    accepts = true
    await eventually(async () => expect((await service.call(`${INVENTORY}/`)).body.serviceUri).toBe(IMS_EP), 30_000)
  })
})

describe('an O-Cloud without an SMO', needs('redis'), () => {
  let service: Service
  beforeAll(async () => {
    service = await startConformingService({ entries: 0 })
  })
  afterAll(() => service?.stop())

  test('REG-03 counts as registered', async () => {
    expect((await service.call(REGISTRATION)).body.state).toBe('NOT_CONFIGURED')
    for (const name of namesOf(`${INVENTORY}/deploymentManagers`)) expect((await service.call(name)).status).toBe(200)
  })

  test('REG-04 is its own globalCloudId, the same after a restart', async () => {
    const { body } = await service.call(`${INVENTORY}/`)
    expect(body.globalCloudId).toBe(body.oCloudId)
    await service.restart()
    expect((await service.call(`${INVENTORY}/`)).body).toEqual(body)
  })
})
