import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ServiceError } from '../../src/errors.ts'
import { guarded, noBody, none, operation } from '../../src/http/operation.ts'
import { registrationOperation } from '../../src/registration/routes.ts'
import type { Registration } from '../../src/registration/rules.ts'
import { call } from '../harness/client.ts'
import { startToyApp, type ToyApp } from '../http/toy-app.ts'

const IDENTITY = {
  oCloudId: '2f9c1f9e-4d0b-4a55-8d5e-0d5c1f6b7a11',
  globalCloudId: 'cloud-7',
  globalLocationIds: ['hsinchu'],
  globalAssetIds: [],
  name: 'o2ims',
  description: '',
}
const REFUSED: Registration = {
  callback: 'https://smo.example/available?token=geheim',
  notification: { globalCloudId: 'cloud-7', oCloudId: IDENTITY.oCloudId, IMS_EP: 'https://o2.example' },
  state: 'PENDING',
  attempts: 1,
  lastAttemptAt: '2026-11-27T10:00:00.000Z',
  lastError: 'the SMO answered 503',
  nextAttemptAt: '2026-11-27T10:00:01.000Z',
}

describe('the front door', () => {
  let app: ToyApp
  let configured = true
  let current: Registration | undefined
  let open = false
  beforeAll(async () => {
    const registration = {
      identity: IDENTITY,
      get configured() {
        return configured
      },
      current: async () => current,
    }
    const inventory = operation({
      method: 'GET',
      path: '/inventory',
      operationId: 'getInventory',
      tag: 'Inventory',
      summary: 'What waits for the registration',
      params: none,
      query: none,
      body: noBody,
      answers: { 200: { description: 'It.', body: z.strictObject({}) } },
      handle: async () => ({ status: 200, body: {} }),
    })
    const guard = async () => {
      if (!open) throw new ServiceError('UNAVAILABLE', 'not registered', { retryAfter: 9 })
    }
    app = await startToyApp({ operations: [registrationOperation(registration), ...guarded([inventory], guard)] })
  })
  afterAll(() => app?.close())
  const ask = (headers?: Record<string, string>) => call(`${app.url}/o2ims/v1/registration`, 'GET', undefined, headers)

  test('shows how the registration stands, without what may be secret', async () => {
    current = REFUSED
    const { notification: _, ...rest } = REFUSED
    const shown = { ...IDENTITY, ...rest, callback: 'https://smo.example/available', IMS_EP: 'https://o2.example' }
    const answer = await ask()
    expect(answer.body).toEqual(shown)
    const etag = answer.headers.get('etag') ?? ''
    expect((await ask({ 'if-none-match': etag })).status).toBe(304)
    current = { ...REFUSED, state: 'ACCEPTED' }
    expect((await ask({ 'if-none-match': etag })).body).toMatchObject({ state: 'ACCEPTED' })
  })

  test('shows who we are before there is anything to show, and without an SMO', async () => {
    current = undefined
    expect((await ask()).body).toEqual({ state: 'PENDING', ...IDENTITY })
    configured = false
    expect((await ask()).body).toEqual({ state: 'NOT_CONFIGURED', ...IDENTITY })
  })

  test('stays open while what waits for the registration answers 503 with Retry-After', async () => {
    const closed = await call(`${app.url}/inventory`)
    expect([closed.status, closed.headers.get('retry-after'), closed.body.code]).toEqual([503, '9', 'UNAVAILABLE'])
    expect((await ask()).status).toBe(200)
    open = true
    expect((await call(`${app.url}/inventory`)).status).toBe(200)
  })
})
