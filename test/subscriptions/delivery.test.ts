import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { startPeer, startTcpPeer } from '../harness/http-peer.ts'
import { needs } from '../harness/needs.ts'
import { createSubscriptionWorld, firstsOf, ROOT, type SubscriptionWorld, toldOf, upTo } from './world.ts'

describe('delivery', needs('redis'), () => {
  let world: SubscriptionWorld
  beforeAll(async () => {
    world = await createSubscriptionWorld({ outgoing: { outgoingTimeoutSeconds: 1 } })
    world.deliver()
  })
  afterAll(() => world?.stop())

  test('a subscriber is told of what is written after it subscribed, as the specification says', async () => {
    await world.change('before')
    const peer = await startPeer()
    const id = await world.subscribe({ callback: `${peer.url}/inventory?smo=1`, consumerSubscriptionId: 'mine' })
    await world.change('first')
    await eventually(() => expect(firstsOf(peer)).toHaveLength(1))
    const [request] = peer.requests
    expect(request).toMatchObject({ method: 'POST', path: '/inventory?smo=1' })
    expect(request?.headers['content-type']).toBe('application/json')
    expect(request?.headers['idempotency-key']).toMatch(/^"[0-9a-f-]{36}"$/)
    const state = { oCloudId: 'cloud', globalLocationId: 'here', name: 'first', oCloudSiteId: 'site' }
    expect(JSON.parse(request?.body ?? '')).toEqual({
      consumerSubscriptionId: 'mine',
      notificationEventType: 1,
      objectRef: `${ROOT}/O2ims_infrastructureInventory/v2/resourcePools/first`,
      priorObjectState: { resourcePoolId: 'first', ...state, description: '0' },
      postObjectState: { resourcePoolId: 'first', ...state, description: '1' },
    })
    await world.subscriptions.remove(id)
    await world.change('first')
    const other = await startPeer()
    const second = await world.subscribe({ callback: other.url })
    await world.change('later')
    await eventually(() => expect(toldOf(other)).toEqual({ later: [1] }))
    expect(firstsOf(peer)).toHaveLength(1)
    await world.subscriptions.remove(second)
    await Promise.all([peer.close(), other.close()])
  })

  test('one that refuses, hangs, answers 500, and 503 with Retry-After in turn gets everything, in order', async () => {
    const bad = await startPeer((response, index) => {
      const turn = index % 9
      if (turn === 0) response.destroy()
      else if (turn === 1) response.writeHead(500).end('no')
      else if (turn === 2) response.writeHead(503, { 'Retry-After': '1' }).end()
      else if (turn === 3) response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end()
      // One in the middle hangs: nothing is answered at all.
      else if (index !== 22) response.writeHead(204).end()
    })
    const good = await startPeer()
    const ids = [await world.subscribe({ callback: bad.url }), await world.subscribe({ callback: good.url })]
    for (let index = 0; index < 10; index++) {
      await world.change('a')
      await world.change('b')
    }
    await eventually(() => expect(toldOf(good)).toEqual({ a: upTo(10), b: upTo(10) }))
    await eventually(() => expect(toldOf(bad)).toEqual({ a: upTo(10), b: upTo(10) }), 18_000)
    for (const id of ids) await world.subscriptions.remove(id)
    await Promise.all([bad.close(), good.close()])
  })

  test('a body without end, a byte now and then, and a port where nobody listens hold up nobody else', async () => {
    const endless = await startPeer((response) => {
      response.writeHead(200)
      const more = () => {
        while (response.write(Buffer.alloc(65_536)));
      }
      response.on('drain', more).on('error', () => undefined)
      more()
    })
    const slow = await startTcpPeer((socket) => {
      const timer = setInterval(() => socket.write('H'), 300)
      socket.on('close', () => clearInterval(timer))
    })
    const gone = await startPeer()
    await gone.close()
    const good = await startPeer()
    const callbacks = [endless.url, slow.url, gone.url, 'https://no-such-name.invalid/', good.url]
    const ids: string[] = []
    for (const callback of callbacks) ids.push(await world.subscribe({ callback }))
    for (let index = 0; index < 20; index++) await world.change('c')
    await eventually(() => expect(toldOf(good)).toEqual({ c: upTo(20) }))
    // The answer's status counts, whatever comes after it.
    await eventually(() => expect(toldOf(endless)).toEqual({ c: upTo(20) }))
    await eventually(async () => {
      const records = await Promise.all(ids.map((id) => world.subscriptions.get(id)))
      const [, dripping, refusing, unknown, well] = await world.subscriptions.withHealth(records)
      expect(dripping?.health).toMatchObject({ state: 'RETRYING', lag: { changes: 20 } })
      expect(dripping?.health.lastFailure?.reason).toMatch(/in time|within 1 s|no HTTP/)
      expect(refusing?.health.lastFailure?.reason).toBe('refused the connection')
      expect(unknown?.health.lastFailure?.reason).toMatch(/name/)
      expect(well?.health).toMatchObject({ state: 'OK', consecutiveFailures: 0, lag: { changes: 0 } })
    })
    for (const id of ids) await world.subscriptions.remove(id)
    await Promise.all([endless.close(), slow.close(), good.close()])
  })

  test('a hundred subscriptions that hang hold up no other one at the same server', async () => {
    const both = await startPeer((response, index) => {
      if (both.requests[index]?.path === '/good') response.writeHead(204).end()
    })
    const ids: string[] = []
    for (let index = 0; index < 100; index++) ids.push(await world.subscribe({ callback: `${both.url}/bad/${index}` }))
    ids.push(await world.subscribe({ callback: `${both.url}/good` }))
    for (let index = 0; index < 20; index++) await world.change('f')
    const good = () => ({ requests: both.requests.filter(({ path }) => path === '/good') })
    await eventually(() => expect(toldOf(good())).toEqual({ f: upTo(20) }))
    for (const id of ids) await world.subscriptions.remove(id)
    await both.close()
  })

  test('a subscription that is removed while its subscriber hangs is told nothing any more', async () => {
    const hanging = await startPeer(() => undefined)
    const id = await world.subscribe({ callback: hanging.url })
    await world.change('d')
    await eventually(() => expect(firstsOf(hanging)).toHaveLength(1))
    await world.subscriptions.remove(id)
    await expect(world.subscriptions.get(id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const peer = await startPeer()
    const next = await world.subscribe({ callback: peer.url })
    for (let index = 0; index < 5; index++) await world.change('e')
    await eventually(() => expect(toldOf(peer)).toEqual({ e: upTo(5) }))
    expect(firstsOf(hanging)).toHaveLength(1)
    await world.subscriptions.remove(next)
    await Promise.all([hanging.close(), peer.close()])
  })
})
