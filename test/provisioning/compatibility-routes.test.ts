import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { wordsFor } from '../../src/provisioning/compatibility.ts'
import type { ProvisioningPhase } from '../../src/provisioning/record.ts'
import { startTestApi, type TestApi, thingsRequest } from '../harness/api.ts'
import { call, toTheEnd } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'

const INTENT = 'intent-deployment-20261124'

describe('the paths that clients of other servers read, with COMPATIBILITY_ROUTES=true', needs('redis'), () => {
  let api: TestApi

  beforeAll(async () => {
    api = await startTestApi({ settings: { compatibilityRoutes: true } })
    await call(`${api.url}/o2ims/v1/provisioningRequests`, 'POST', thingsRequest(INTENT))
    const fails = thingsRequest('intent-2', { options: { simulation: { failAt: 'two' } } })
    await call(`${api.url}/o2ims/v1/provisioningRequests`, 'POST', fails)
    for (const id of [INTENT, 'intent-2']) await toTheEnd(api.url, id)
  })
  afterAll(() => api?.close())

  const get = (path: string) => call(api.url + path)

  test('one request by its name has .status.state and .status.phase', async () => {
    const { status, body } = await get(`/o2ims/api/v1/provisioningRequests/${INTENT}`)
    expect(status).toBe(200)
    expect(body.status).toMatchObject({ state: 'Ready', phase: 'Ready', provisioningPhase: 'FULFILLED' })
    expect(body.provisioningRequestData.provisioningRequestId).toBe(INTENT)
    expect((await get('/o2ims/api/v1/provisioningRequests/intent-2')).body.status.state).toBe('Failed')
    expect((await get('/o2ims/api/v1/provisioningRequests/unknown')).status).toBe(404)
  })

  test.each(['/o2ims_infrastructureInventory/v1/status', '/o2ims/provisioning/v1/status'])(
    '%s has the status of every request by its id',
    async (path) => {
      const { status, body } = await get(path)
      expect(status).toBe(200)
      expect(body.provisioningRequests).toMatchObject({
        [INTENT]: { status: 'READY' },
        'intent-2': { status: 'FAILED' },
      })
    },
  )

  test('/, /health, /healthz, /readyz and /metrics answer what probes look for', async () => {
    expect(await get('/')).toMatchObject({ status: 200, body: { status: 'operational' } })
    expect(await get('/health')).toMatchObject({ status: 200, body: { status: 'healthy' } })
    for (const path of ['/healthz', '/readyz']) expect((await get(path)).status).toBe(200)
    const metrics = await get('/metrics')
    expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(metrics.body).toContain('o2ims_provisioning_requests{phase="FULFILLED"} 1\n')
    expect(metrics.body).toContain('o2ims_provisioning_requests{phase="FAILED"} 1\n')
  })

  test('they read only, and stand in the documentation of a service that has them', async () => {
    const posted = await call(`${api.url}/o2ims/provisioning/v1/status`, 'POST', {})
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
    const { body } = await get('/openapi/o2ims.json')
    expect(Object.keys(body.paths)).toContain('/o2ims/api/v1/provisioningRequests/{provisioningRequestId}')
  })

  test('without the setting there is nothing at these paths, but /healthz, /readyz and /metrics', async () => {
    const plain = await startTestApi({ worker: false })
    try {
      for (const path of [
        '/',
        '/health',
        '/o2ims/provisioning/v1/status',
        `/o2ims/api/v1/provisioningRequests/${INTENT}`,
      ])
        expect((await call(plain.url + path)).status, path).toBe(404)
      for (const path of ['/healthz', '/readyz', '/metrics']) expect((await call(plain.url + path)).status).toBe(200)
    } finally {
      await plain.close()
    }
  })
})

test.each<[ProvisioningPhase, string, string, string]>([
  ['PENDING', 'Pending', 'Pending', 'PENDING'],
  ['PROGRESSING', 'InProgress', 'Processing', 'PROVISIONING'],
  ['FULFILLED', 'Ready', 'Ready', 'READY'],
  ['FAILED', 'Failed', 'Failed', 'FAILED'],
  ['DELETING', 'Processing', 'Processing', 'DELETING'],
])('%s reads as %s, %s and %s', (phase, state, second, status) => {
  expect(wordsFor({ phase })).toEqual({ state, phase: second, status })
})
