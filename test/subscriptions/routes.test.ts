import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi, thingsRequest } from '../harness/api.ts'
import { call, toTheEnd } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { type HttpPeer, startPeer } from '../harness/http-peer.ts'
import { needs } from '../harness/needs.ts'

const FRONT = '/o2ims/v1/subscriptions'
const CANONICAL = '/O2ims_infrastructureInventory/v2/subscriptions'

describe('the routes of subscriptions', needs('redis'), () => {
  let api: TestApi
  let peer: HttpPeer
  beforeAll(async () => {
    api = await startTestApi({ maxSubscriptions: 10 })
    peer = await startPeer()
  })
  afterAll(async () => {
    await api?.close()
    await peer?.close()
  })

  async function withoutAny(): Promise<void> {
    for (const { subscriptionId } of (await call(`${api.url}${FRONT}`)).body)
      await call(`${api.url}${FRONT}/${subscriptionId}`, 'DELETE')
  }

  test('a subscription of Inventory is made, read, listed and ended as the specification says', async () => {
    const sent = {
      consumerSubscriptionId: 'not a UUID',
      filter: '(eq,objectType,Resource)',
      callback: `${peer.url}/inv`,
    }
    const made = await call(`${api.url}${CANONICAL}`, 'POST', { ...sent, subscriptionId: 7 })
    expect(made.status).toBe(201)
    const { subscriptionId } = made.body
    expect(made.body).toEqual({ subscriptionId: expect.stringMatching(/^[0-9a-f-]{36}$/), ...sent })
    expect(made.headers.get('location')).toBe(`${CANONICAL}/${subscriptionId}`)
    const read = await call(`${api.url}${CANONICAL}/${subscriptionId}`)
    expect(read.body).toEqual(made.body)
    const query = `?filter=${encodeURIComponent('(cont,callback,/inv)')}`
    expect((await call(`${api.url}${CANONICAL}${query}`)).body).toEqual([made.body])
    expect((await call(`${api.url}/o2ims-infrastructureInventory/v1/subscriptions`)).body).toEqual([made.body])
    expect((await call(`${api.url}${CANONICAL}/${subscriptionId}`, 'PUT', sent)).status).toBe(405)
    expect((await call(`${api.url}${CANONICAL}/${subscriptionId}`, 'DELETE')).status).toBe(204)
    expect((await call(`${api.url}${CANONICAL}/${subscriptionId}`)).status).toBe(404)
    expect((await call(`${api.url}${CANONICAL}/${subscriptionId}`, 'DELETE')).status).toBe(404)
  })

  test('those of provisioning requests stand on the front door alone, all of them there with their health', async () => {
    const { body: provisioning } = await call(`${api.url}${FRONT}`, 'POST', { callback: `${peer.url}/p` })
    const { body: inventory } = await call(`${api.url}${CANONICAL}`, 'POST', { callback: `${peer.url}/i` })
    const health = {
      state: 'OK',
      consecutiveFailures: 0,
      lag: { changes: 0 },
      deadLetters: { kept: 0, lost: 0 },
      replaying: false,
    }
    expect(provisioning).toMatchObject({ api: 'provisioning', health })
    expect((await call(`${api.url}${CANONICAL}`)).body).toEqual([inventory])
    expect((await call(`${api.url}${CANONICAL}/${provisioning.subscriptionId}`)).status).toBe(404)
    expect((await call(`${api.url}${CANONICAL}/${provisioning.subscriptionId}`, 'DELETE')).status).toBe(404)
    const all = (await call(`${api.url}${FRONT}`)).body
    expect(all).toMatchObject([{ api: 'provisioning' }, { api: 'inventory', ...inventory }])
    await withoutAny()
  })

  test('tells of the phases and the steps of a request, and that it is gone', async () => {
    const subscribed = await call(`${api.url}${FRONT}`, 'POST', {
      callback: `${peer.url}/told`,
      consumerSubscriptionId: 'c',
    })
    const ends = await call(`${api.url}${FRONT}`, 'POST', {
      callback: `${peer.url}/ends`,
      filter: '(in,provisioningPhase,FULFILLED,FAILED)',
    })
    const path = `${api.url}/o2ims/v1/provisioningRequests`
    expect((await call(path, 'POST', thingsRequest('told'))).status).toBe(201)
    await toTheEnd(api.url, 'told')
    await call(`${path}/told`, 'DELETE')
    const told = (where: string) =>
      peer.requests.filter((request) => request.path === where).map(({ body }) => JSON.parse(body))
    await eventually(() => expect(told('/told').at(-1)).toMatchObject({ event: 'end', deleted: true }))
    const about = {
      subscriptionId: subscribed.body.subscriptionId,
      consumerSubscriptionId: 'c',
      provisioningRequestId: 'told',
      templateName: 'things',
      generation: expect.any(Number),
      at: expect.stringMatching(/Z$/),
    }
    for (const one of told('/told')) expect(one).toMatchObject(about)
    const phases = told('/told').flatMap(({ provisioningPhase }) => provisioningPhase ?? [])
    expect(phases).toEqual(['PENDING', 'PROGRESSING', 'FULFILLED', 'DELETING'])
    const states = told('/told').flatMap(({ step, state, priorState }) => (step === 'one' ? [[priorState, state]] : []))
    expect(states.slice(0, 2)).toEqual([
      ['PENDING', 'RUNNING'],
      ['RUNNING', 'SUCCEEDED'],
    ])
    expect(told('/ends')).toMatchObject([
      {
        subscriptionId: ends.body.subscriptionId,
        provisioningPhase: 'FULFILLED',
        priorProvisioningPhase: 'PROGRESSING',
        provisionedResourceSet: expect.anything(),
      },
    ])
    const ids = peer.requests.map(({ headers }) => headers['idempotency-key'])
    for (const { notificationId } of told('/told')) expect(ids).toContain(`"${notificationId}"`)
    await withoutAny()
  })

  test.each([
    [{}, 'callback', /required/],
    [{ callback: 'ftp://smo.example/' }, 'callback', /https/],
    [{ callback: 'https://user:secret@smo.example/' }, 'callback', /password/],
    [{ callback: 'http://169.254.169.254/latest/meta-data' }, 'callback', /metadata/],
    [{ callback: 'http://10.0.0.1/' }, 'callback', /private/],
    [{ callback: 'http://[::1]:9/' }, 'callback', /loopback/],
    [{ callback: 'https://smo.example/', filter: '(eq,nmae,x)' }, 'filter', /character 5/],
    [{ callback: 'https://smo.example/', consumerSubscriptionId: 7 }, 'consumerSubscriptionId', /string/],
    [{ callback: 'https://smo.example/', authentication: 'none' }, 'authentication', /not known/],
  ])('%j is refused', async (sent, field, words) => {
    for (const path of [FRONT, CANONICAL]) {
      const { status, body } = await call(`${api.url}${path}`, 'POST', sent)
      expect(status).toBe(400)
      expect(body.errors).toEqual([{ pointer: `/${field}`, message: expect.stringMatching(words) }])
      expect(JSON.stringify(body)).not.toContain('secret')
    }
  })

  test('the same callback, filter and consumerSubscriptionId a second time is a 400 that names the first', async () => {
    const sent = { callback: `${peer.url}/same`, filter: '(eq,name,a)', consumerSubscriptionId: 'c' }
    const first = await call(`${api.url}${CANONICAL}`, 'POST', sent)
    const second = await call(`${api.url}${CANONICAL}`, 'POST', {
      ...sent,
      callback: sent.callback.replace('http', 'HTTP'),
    })
    expect(second.status).toBe(400)
    expect(second.body.detail).toContain(first.body.subscriptionId)
    expect((await call(`${api.url}${CANONICAL}`, 'POST', { ...sent, filter: '(eq,name,b)' })).status).toBe(201)
    expect((await call(`${api.url}${FRONT}`, 'POST', { ...sent, api: 'inventory' })).status).toBe(400)
    await withoutAny()
    expect((await call(`${api.url}${CANONICAL}`, 'POST', sent)).status).toBe(201)
    await withoutAny()
  })

  test('however many come at once, there are never more than may be, and the others are told so', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        call(`${api.url}${FRONT}`, 'POST', { callback: `${peer.url}/${index}` }),
      ),
    )
    const refused = answers.filter(({ status }) => status === 403)
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10)
    expect(refused).toHaveLength(50)
    expect(refused[0]?.body.detail).toMatch(/10 subscriptions.*MAX_SUBSCRIPTIONS/)
    await withoutAny()
  })

  test('retry and replay answer with the subscription; unknown ids are not found', async () => {
    const { body } = await call(`${api.url}${FRONT}`, 'POST', { callback: `${peer.url}/v`, api: 'inventory' })
    const item = `${api.url}${FRONT}/${body.subscriptionId}`
    for (const verb of ['retry', 'deadLetters/replay'])
      expect(await call(`${item}/${verb}`, 'POST')).toMatchObject({ status: 202, body: { api: 'inventory' } })
    expect((await call(`${item}/deadLetters?limit=5`)).body).toEqual([])
    expect((await call(`${item}/deadLetters`, 'DELETE')).status).toBe(204)
    for (const [path, method] of [
      ['', 'GET'],
      ['', 'DELETE'],
      ['/retry', 'POST'],
      ['/deadLetters', 'GET'],
      ['/deadLetters', 'DELETE'],
      ['/deadLetters/replay', 'POST'],
    ] as const)
      expect((await call(`${api.url}${FRONT}/unknown${path}`, method)).status).toBe(404)
    await withoutAny()
  })
})
