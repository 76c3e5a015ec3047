import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createStore } from '../../src/store/create-store.ts'
import type { Store } from '../../src/store/store.ts'
import { call } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { type HttpPeer, startPeer } from '../harness/http-peer.ts'
import { measured, NOT_POLLED_MS } from '../harness/measured.ts'
import { needs } from '../harness/needs.ts'
import { silentLog, startRedis, type TestRedis } from '../harness/redis.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { createPools, toldOf, upTo } from '../subscriptions/world.ts'

const EVENTS = 10_000
const POOLS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']
const SUBSCRIPTIONS = '/o2ims/v1/subscriptions'

/** What it takes before it hangs. */
const TAKEN_BEFORE = 900

interface Troubled extends Pick<HttpPeer, 'url' | 'close'> {
  taken(): HttpPeer['requests']
  /** Until then it hangs. */
  recover(): void
}

/** Takes some and hangs; once it recovers, it is in turn, after each 900 that it took, not there, hangs, and answers 500, and 503 with Retry-After. */
async function startTroubled(): Promise<Troubled> {
  const taken: HttpPeer['requests'] = []
  const troubles = ['gone', 'hang', 500, 500, 503, 'gone', 'hang', 500, 503]
  let recovered = false
  let peer: HttpPeer | undefined
  let back = Promise.resolve()

  async function listen(port = 0): Promise<HttpPeer> {
    const started = await startPeer(
      (response, index) => {
        const request = started.requests[index]
        if (taken.length >= TAKEN_BEFORE && !recovered) return
        const due = taken.length >= (10 - troubles.length) * TAKEN_BEFORE
        const trouble = due ? troubles.shift() : undefined
        if (trouble === undefined) {
          if (request) taken.push(request)
          response.writeHead(204).end()
        } else if (trouble === 503) response.writeHead(503, { 'Retry-After': '1' }).end()
        else if (trouble === 500) response.writeHead(500).end()
        else if (trouble === 'gone') back = leave(started)
      },
      { port },
    )
    return started
  }

  async function leave({ port, close }: HttpPeer): Promise<void> {
    await close()
    await sleep(1_500)
    peer = await listen(port)
  }

  peer = await listen()
  return {
    url: peer.url,
    taken: () => taken,
    recover() {
      recovered = true
    },
    async close() {
      await back
      await peer?.close()
    },
  }
}

describe('notifications, the service being killed', needs('redis'), () => {
  let redis: TestRedis
  let server: TestServer
  let store: Store

  beforeAll(async () => {
    redis = await startRedis()
    server = await startServer({
      redisUrl: redis.url,
      env: {
        CALLBACK_ALLOW_HTTP: 'true',
        CALLBACK_ALLOW_ADDRESSES: '127.0.0.1',
        OUTGOING_TIMEOUT_SECONDS: '1',
        NOTIFICATION_LONGEST_RETRY_SECONDS: '2',
        LOAD_SAMPLES: 'false',
      },
    })
    const key = Buffer.from(server.encryptionKey, 'base64')
    store = await createStore({ address: { url: redis.url }, key, log: silentLog() })
  })
  afterAll(async () => {
    await store?.close()
    await server?.dispose()
    await redis?.stop()
  })

  it('ten thousand changes reach a troubled subscriber, in order for each object, and two others while it hangs', async () => {
    const troubled = await startTroubled()
    const others = [await startPeer(), await startPeer()]
    for (const { url } of [troubled, ...others])
      expect((await call(`${server.url}${SUBSCRIPTIONS}`, 'POST', { api: 'inventory', callback: url })).status).toBe(
        201,
      )
    const { change } = createPools(store)
    const writing = Promise.all(
      POOLS.map(async (pool) => {
        for (let index = 0; index < EVENTS / POOLS.length; index++) await change(pool)
      }),
    )
    for (const share of [0.2, 0.5]) {
      await eventually(() => expect(others[0]?.requests.length).toBeGreaterThan(share * EVENTS), 60_000)
      await server.kill()
      await server.start()
    }
    await writing
    const everything = Object.fromEntries(POOLS.map((pool) => [pool, upTo(EVENTS / POOLS.length)]))
    const toldAll = (told: () => HttpPeer['requests']) => {
      // First what costs nothing: the peers live in this process, and must answer within a second.
      expect(told().length).toBeGreaterThanOrEqual(EVENTS)
      expect(toldOf({ requests: told() })).toEqual(everything)
    }
    for (const { requests } of others) await eventually(() => toldAll(() => requests), 60_000)
    expect(troubled.taken()).toHaveLength(TAKEN_BEFORE)
    troubled.recover()
    await eventually(() => toldAll(troubled.taken), 120_000)
    // What a kill repeats bears the ids that it had, and is little of the whole.
    for (const { requests } of others) expect(requests.length - EVENTS).toBeLessThan(EVENTS / 10)
    await eventually(async () => {
      const { body } = await call(`${server.url}${SUBSCRIPTIONS}`)
      for (const { health } of body)
        expect(health).toMatchObject({ state: 'OK', lag: { changes: 0 }, deadLetters: { kept: 0, lost: 0 } })
    }, 20_000)
    await Promise.all([troubled, ...others].map((peer) => peer.close()))
  })

  it('an O-Cloud that is registered, renamed and forgotten is told of with the states before and after', async () => {
    const peer = await startPeer()
    const callback = `${peer.url}/inventory`
    const subscriptions = `${server.url}/O2ims_infrastructureInventory/v2/subscriptions`
    const filter = '(eq,objectType,DeploymentManager)'
    expect((await call(subscriptions, 'POST', { callback, filter, consumerSubscriptionId: 'smo' })).status).toBe(201)
    const oClouds = `${server.url}/o2ims/v1/ocloud`
    const { body: made } = await call(oClouds, 'POST', { name: 'edge', simulated: true })
    const told = () => peer.requests.map(({ body }) => JSON.parse(body))
    await eventually(() => expect(told()).not.toEqual([]), 10_000)
    const [creation] = told()
    expect(creation.postObjectState).toMatchObject({ deploymentManagerId: made.oCloudId, name: 'edge' })
    expect((await call(creation.objectRef)).status).toBe(200)
    const names = () => told().map(({ postObjectState }) => postObjectState?.name)
    const ms = await measured('from a PUT of an O-Cloud to its notification', async () => {
      await call(`${oClouds}/${made.oCloudId}`, 'PUT', { name: 'edge-1', simulated: true })
      await eventually(() => expect(names()).toContain('edge-1'), 10_000)
    })
    expect(ms).toBeLessThan(NOT_POLLED_MS)
    const renaming = told().find(({ postObjectState }) => postObjectState?.name === 'edge-1')
    expect(renaming).toMatchObject({ notificationEventType: 1, priorObjectState: { name: 'edge' } })
    expect((await call(`${oClouds}/${made.oCloudId}`, 'DELETE')).status).toBe(204)
    await eventually(() => expect(told().at(-1)).toMatchObject({ notificationEventType: 2 }), 10_000)
    expect(told().at(-1)).toEqual({
      consumerSubscriptionId: 'smo',
      notificationEventType: 2,
      objectRef: told().at(-2).objectRef,
      priorObjectState: told().at(-2).postObjectState,
    })
    await peer.close()
  })
})
