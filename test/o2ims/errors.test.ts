import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../harness/client.ts'
import { toTheEnd } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'
import { query, type Service, startConformingService, workload } from './service.ts'
import { INVENTORY, LISTS, namesOf, PROVISIONING, RESOURCES } from './tables.ts'

const REQUESTS = `${PROVISIONING}/provisioningRequests`
const SUBSCRIPTIONS = `${INVENTORY}/subscriptions`

describe('errors', needs('redis'), () => {
  let service: Service
  beforeAll(async () => {
    service = await startConformingService({ env: { BODY_LIMIT: '20000', MAX_SUBSCRIPTIONS: '2' } })
  })
  afterAll(() => service?.stop())

  /** Problem details for what was asked. */
  function expectProblem({ status, headers, body }: Answer, wanted: number, path: string): void {
    expect(status, `${path}: ${JSON.stringify(body)}`).toBe(wanted)
    expect(headers.get('content-type'), path).toMatch(/^application\/problem\+json\b/)
    const instance = path.replace(/\?.*$/, '').replace(/(?<=.)\/$/, '')
    expect(body, path).toMatchObject({ status: wanted, instance, title: expect.any(String), code: expect.any(String) })
    expect(body.type, path).toBe(`/problems/${body.code.toLowerCase().replaceAll('_', '-')}`)
    expect(body.detail.length, path).toBeGreaterThan(10)
  }

  test('ERR-01 every error is problem details, on every resource and under each of its names', async () => {
    let seen = 0
    for (const [path, methods] of Object.entries(RESOURCES))
      for (const name of namesOf(path)) {
        const at = service.at(name)
        expectProblem(await service.call(at, 'PATCH'), 405, at)
        if (!path.endsWith('/api_versions'))
          expectProblem(await service.call(at, 'GET', undefined, { version: '0.0.0' }), 406, at)
        expectProblem(await service.call(`${at}?unknown=x`), 400, at)
        if (path.endsWith('}')) {
          const missing = `${at.slice(0, at.lastIndexOf('/'))}/no-such-thing`
          expectProblem(await service.call(missing), 404, missing)
          seen += 1
        }
        for (const method of ['POST', 'PUT'].filter((one) => one in methods)) {
          expectProblem(await service.call(at, method, '{', {}), 400, at)
          expectProblem(await service.call(at, method, { unknown: 1 }), 400, at)
          expectProblem(await service.call(at, method, 'x', { 'content-type': 'text/plain' }), 415, at)
        }
      }
    expect(seen).toBeGreaterThan(30)
    for (const { path } of LISTS) {
      const at = `${service.at(path)}${query(['filter', '('])}`
      expectProblem(await service.call(at), 400, at)
    }
    expectProblem(await service.call('/no/such/thing'), 404, '/no/such/thing')
  })

  test('ERR-02 the detail says what is wrong and where', async () => {
    const post = (body: unknown) => service.call(REQUESTS, 'POST', body)
    const item = service.at(`${REQUESTS}/{provisioningRequestId}`)
    const used = await post(workload('first', { name: 'another name' }))
    expectProblem(used, 409, REQUESTS)
    expect(used.body.detail).toContain('first')
    const unknown = await post(workload('unknown', { templateName: 'no-such-template' }))
    expectProblem(unknown, 422, REQUESTS)
    expect(unknown.body.detail).toContain('no-such-template')
    const parameters = await post(workload('wrong', { templateParameters: { oCloud: 'no-such-cloud', more: 1 } }))
    expectProblem(parameters, 422, REQUESTS)
    expect(JSON.stringify(parameters.body.errors)).toMatch(/\/templateParameters\/(oCloud|more)/)
    const other = await service.call(item, 'PUT', workload('another-id'))
    expectProblem(other, 422, item)
    const stale = await service.call(item, 'PUT', workload('first'), { 'if-match': '"0-0"' })
    expectProblem(stale, 412, item)
    const { name: _, ...incomplete } = workload('incomplete')
    const missing = await post(incomplete)
    expectProblem(missing, 400, REQUESTS)
    expect(missing.body.errors).toEqual([{ pointer: '/name', message: expect.stringContaining('required') }])
  })

  test('ERR-04 the common codes come back wherever they apply', async () => {
    const seen = new Set<number>()
    const expectStatus = async (wanted: number, path: string, ...rest: [string, unknown?, Record<string, string>?]) => {
      expectProblem(await service.call(path, ...rest), wanted, path)
      seen.add(wanted)
    }
    const big = { ...workload('big'), description: 'x'.repeat(30_000) }
    const callback = `${service.subscriber.url}/more`
    await expectStatus(400, REQUESTS, 'POST', '{')
    await expectStatus(400, SUBSCRIPTIONS, 'POST', { callback: 'ftp://example.org/' })
    await expectStatus(400, SUBSCRIPTIONS, 'POST', { callback: 'http://10.0.0.1/' })
    expect((await service.call(SUBSCRIPTIONS, 'POST', { callback })).status).toBe(201)
    await expectStatus(403, SUBSCRIPTIONS, 'POST', { callback, consumerSubscriptionId: 'one too many' })
    await expectStatus(404, `${SUBSCRIPTIONS}/no-such-thing`, 'DELETE')
    await expectStatus(405, `${INVENTORY}/resourceTypes`, 'DELETE')
    await expectStatus(406, REQUESTS, 'GET', undefined, { version: '3.0.0' })
    await expectStatus(409, REQUESTS, 'POST', workload('first', { name: 'other' }))
    await expectStatus(412, service.at(`${SUBSCRIPTIONS}/{subscriptionId}`), 'DELETE', undefined, { 'if-match': '"7"' })
    await expectStatus(413, REQUESTS, 'POST', big)
    await expectStatus(413, SUBSCRIPTIONS, 'POST', { callback, consumerSubscriptionId: 'x'.repeat(30_000) })
    await expectStatus(415, REQUESTS, 'POST', '{}', { 'content-type': 'text/plain' })
    await expectStatus(422, REQUESTS, 'POST', workload('version', { templateVersion: '9.9.9' }))
    expect([...seen]).toEqual([400, 403, 404, 405, 406, 409, 412, 413, 415, 422])
  })

  test('ERR-05 an operation that fails later says so, with its cause, where it is read', async () => {
    const options = { simulation: { failAt: 'ready' } }
    const front = await service.call('/o2ims/v1/provisioningRequests', 'POST', workload('failing', { options }))
    expect(front.status).toBe(201)
    await toTheEnd(service.url, 'failing')
    const { body } = await service.call(`${REQUESTS}/failing`)
    expect(body.status).toMatchObject({ provisioningPhase: 'FAILED', message: expect.stringMatching(/^ready: .{10,}/) })
    const values = { noSuchValue: 'x' }
    const templateParameters = { oCloud: 'sim-edge-1', namespace: 'ran-refused', values }
    await service.call(REQUESTS, 'POST', workload('refused', { templateParameters }))
    await toTheEnd(service.url, 'refused')
    const refused = await service.call(`${REQUESTS}/refused`)
    expect(refused.body.status).toMatchObject({
      provisioningPhase: 'FAILED',
      message: expect.stringContaining('noSuchValue'),
    })
  })
})
