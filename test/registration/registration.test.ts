import { Writable } from 'node:stream'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createOutgoing } from '../../src/outgoing/outgoing.ts'
import { openIdentity } from '../../src/registration/identity.ts'
import { createRegistration, type RegistrationService } from '../../src/registration/registration.ts'
import type { Store } from '../../src/store/store.ts'
import { eventually } from '../harness/eventually.ts'
import { type HttpPeer, startPeer } from '../harness/http-peer.ts'
import { needs } from '../harness/needs.ts'
import { createTestStore, type TestStore } from '../harness/redis.ts'
import { labSettings } from '../outgoing/settings.ts'

const GENESIS = {
  globalCloudId: 'cloud-7',
  globalLocationIds: ['hsinchu'],
  globalAssetIds: [],
  oCloudName: 'o2ims',
  oCloudDescription: '',
}
const API = 'http://o2.example:8080'

describe('the registration with the SMO', needs('redis'), () => {
  let redis: TestStore
  let smo: HttpPeer
  /** What the SMO answers. */
  let status: number
  let logged: string
  const lines = new Writable({
    write(chunk, _encoding, done) {
      logged += chunk
      done()
    },
  })
  const closing: (() => Promise<void>)[] = []

  beforeAll(async () => {
    redis = await createTestStore()
  })
  afterAll(() => redis?.stop())
  beforeEach(async () => {
    status = 204
    logged = ''
    // An address that callbacks of clients may not lead to: this one is the operator's
    smo = await startPeer((response) => response.writeHead(status).end(), { host: '127.0.0.2' })
    closing.push(() => smo.close())
  })
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
    await redis.store.collection('registration').remove('smo')
  })

  /** What one process of the service has. `callback` null: no SMO is configured. */
  async function service(options: { callback?: null; store?: Store } = {}): Promise<RegistrationService> {
    const { store = redis.store } = options
    const outgoing = createOutgoing({ settings: labSettings({ callbackAllowHttp: false, outgoingTimeoutSeconds: 1 }) })
    closing.push(() => outgoing.close())
    const callback = options.callback === null ? undefined : `${smo.url}/available?token=geheim`
    const identity = await openIdentity(store, GENESIS)
    return createRegistration({ store, outgoing, identity, callback, log: pino(lines), clock: () => new Date() })
  }

  async function started(registration: RegistrationService, apiRoot = API): Promise<{ stop(): Promise<void> }> {
    const registrar = await registration.start(apiRoot)
    closing.push(() => registrar.stop())
    return registrar
  }

  async function another(): Promise<Store> {
    const store = await redis.another()
    closing.push(() => store.close())
    return store
  }

  const accepted = (registration: RegistrationService) =>
    eventually(async () => expect(await registration.current()).toMatchObject({ state: 'ACCEPTED' }))
  const bodies = () => smo.requests.map(({ body }) => JSON.parse(body))

  test('is the O-Cloud Available notification, and opens what waits for it', async () => {
    const registration = await service()
    await expect(registration.guard()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 1 })
    await started(registration)
    await eventually(() => registration.guard())
    const { oCloudId } = registration.identity
    expect(smo.requests).toMatchObject([{ method: 'POST', path: '/available?token=geheim' }])
    expect(bodies()).toEqual([{ globalCloudId: 'cloud-7', oCloudId, IMS_EP: API }])
    expect(await registration.current()).toMatchObject({
      state: 'ACCEPTED',
      attempts: 1,
      acceptedAt: expect.any(String),
    })
    expect(logged).toContain('the SMO knows that this O-Cloud is available')
    expect(logged).not.toContain('geheim')
  })

  test('is tried until the SMO accepts it, and says what is wrong meanwhile', async () => {
    status = 503
    const registration = await service()
    await started(registration)
    await eventually(async () =>
      expect(await registration.current()).toMatchObject({ state: 'PENDING', lastError: 'the SMO answered 503' }),
    )
    await expect(registration.guard()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: expect.any(Number) })
    expect(logged).toContain('answered 503')
    status = 200
    await accepted(registration)
    await eventually(() => registration.guard())
    expect(new Set(bodies().map((body) => JSON.stringify(body))).size).toBe(1)
  })

  test('is tried again after an SMO that was not there at all', async () => {
    const { port } = smo
    await smo.close()
    const registration = await service()
    await started(registration)
    await eventually(async () =>
      expect((await registration.current())?.lastError).toBe('the SMO refused the connection'),
    )
    smo = await startPeer(undefined, { host: '127.0.0.2', port })
    closing.push(() => smo.close())
    await accepted(registration)
  })

  test('is sent by one process, and every other one learns that it was accepted', async () => {
    const services = [
      await service(),
      await service({ store: await another() }),
      await service({ store: await another() }),
    ]
    for (const one of services) await expect(one.guard()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await Promise.all(services.map((one) => started(one)))
    for (const one of services) await eventually(() => one.guard())
    expect(smo.requests).toHaveLength(1)
  })

  test('goes on in another process when the one that tried stops', async () => {
    status = 500
    const first = await service()
    const registrar = await started(first)
    await eventually(() => expect(smo.requests.length).toBeGreaterThan(0))
    const second = await service({ store: await another() })
    await started(second)
    await registrar.stop()
    status = 204
    await accepted(second)
  })

  test('is not sent again after a restart, unless the endpoint has changed', async () => {
    const first = await service()
    const registrar = await started(first)
    await accepted(first)
    await registrar.stop()

    const same = await service()
    const again = await started(same)
    await same.guard()
    await again.stop()
    expect(smo.requests).toHaveLength(1)

    status = 503
    const moved = await service()
    await started(moved, 'https://new.example')
    await expect(moved.guard()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    status = 204
    await eventually(() => moved.guard())
    expect(bodies().at(-1)).toMatchObject({ IMS_EP: 'https://new.example' })
  })

  test('of a process that runs already follows the endpoint of one that starts', async () => {
    const old = await service()
    await started(old)
    await accepted(old)
    await started(await service({ store: await another() }), 'https://new.example')
    await eventually(() => expect(bodies().map(({ IMS_EP }) => IMS_EP)).toEqual([API, 'https://new.example']))
    await accepted(old)
  })

  test('needs no SMO: without one the O-Cloud counts as registered', async () => {
    const registration = await service({ callback: null })
    await registration.guard()
    await started(registration)
    await registration.guard()
    expect([registration.configured, await registration.current()]).toEqual([false, undefined])
  })

  test('names one O-Cloud, whoever asks first', async () => {
    const stores = [redis.store, await another(), await another()]
    const [first, ...others] = await Promise.all(stores.map((store) => openIdentity(store, GENESIS)))
    expect(first?.oCloudId).toMatch(/^[0-9a-f-]{36}$/)
    for (const other of others) expect(other).toEqual(first)
    const nameless = await openIdentity(redis.store, { ...GENESIS, globalCloudId: undefined })
    expect(nameless.globalCloudId).toBe(first?.oCloudId)
  })
})
