import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { JsonObject } from '../../src/json.ts'
import { createStore } from '../../src/store/create-store.ts'
import { BULL_PREFIX, KEYS } from '../../src/store/keys.ts'
import type { Store } from '../../src/store/store.ts'
import { type Answer, call, follow, type SeenEvent } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { type HttpPeer, startPeer } from '../harness/http-peer.ts'
import { needs } from '../harness/needs.ts'
import { silentLog } from '../harness/redis.ts'
import { type RedisGroup, startCluster, startSentinel, startSingle } from '../harness/redis-group.ts'
import { SAMPLES } from '../harness/samples.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { requestFor } from '../harness/templates.ts'
import { edge5gRules } from './edge-5g-rules.ts'

const REQUESTS = '/o2ims/v1/provisioningRequests'
const WORKLOADS = Array.from({ length: 24 }, (_, index) => `scaled-${index}`)
/** The main job and its variants, on simulated O-Clouds. */
const MAIN_JOBS = ['edge-5g', 'edge-5g-kind', 'nephio-workload-cluster']
const PATIENCE_MS = 90_000
const encryptionKey = randomBytes(32)

describe.each([
  { kind: 'one Redis', start: startSingle, hasFailover: false },
  { kind: 'Redis with Sentinel', start: startSentinel, hasFailover: true },
  { kind: 'a Redis Cluster', start: startCluster, hasFailover: true },
])('three API and three worker processes on $kind', needs('redis'), ({ start, hasFailover }) => {
  let group: RedisGroup
  let apis: TestServer[] = []
  let workers: TestServer[] = []
  let subscriber: HttpPeer
  /** What the followers saw, by request. */
  const seen = new Map<string, SeenEvent[]>()

  beforeAll(async () => {
    group = await start()
    subscriber = await startPeer()
    const lab = { CALLBACK_ALLOW_HTTP: 'true', CALLBACK_ALLOW_ADDRESSES: '127.0.0.1', WORKER_CONCURRENCY: '10' }
    const env = { ...group.env, ...lab }
    const shared = { redisUrl: group.env.REDIS_URL, encryptionKey: encryptionKey.toString('base64'), env }
    const begin = (roles: 'api' | 'worker') => startServer({ ...shared, roles })
    const three = [0, 1, 2]
    const started = await Promise.all([...three.map(() => begin('api')), ...three.map(() => begin('worker'))])
    apis = started.slice(0, 3)
    workers = started.slice(3)
  })
  afterAll(async () => {
    await Promise.all([...apis, ...workers].map((server) => server.dispose()))
    await subscriber?.close()
    await group?.stop()
  })

  const api = (index: number) => `${apis[index % 3]?.url}${REQUESTS}`

  /** Follows on another API than the one that was posted to, and on the next one when that dies. */
  function followElsewhere(id: string, postedTo: number): Promise<SeenEvent[]> {
    let at = postedTo
    const url = () => {
      at += 1
      return `${api(at)}/${id}/events`
    }
    const events: SeenEvent[] = []
    seen.set(id, events)
    return follow(url, AbortSignal.timeout(PATIENCE_MS), (event) => events.push(event))
  }

  it('carry every request to its end, each finished step run once, although one of each kind is killed', async () => {
    const callback = `${subscriber.url}/told`
    const subscription = { api: 'provisioning', callback }
    expect((await call(`${apis[0]?.url}/o2ims/v1/subscriptions`, 'POST', subscription)).status).toBe(201)
    const options = { simulation: { stepDelayMs: 700 } }
    const following = await Promise.all(
      WORKLOADS.map(async (id, index) => {
        const body = requestFor(id, 'kpt-workload', { oCloud: 'sim-edge-1', namespace: id }, options)
        expect((await call(api(index), 'POST', body)).status).toBe(201)
        return { ended: followElsewhere(id, index) }
      }),
    )
    const checked = () => [...seen.values()].filter((events) => statesOf('check', events).includes('SUCCEEDED'))
    await eventually(() => expect(checked().length).toBeGreaterThan(WORKLOADS.length / 2), PATIENCE_MS)
    const master = await group.master()
    await Promise.all([apis[2]?.kill(), workers[0]?.kill(), hasFailover && master.child.kill()])
    const mainJobs = MAIN_JOBS.map(async (name, index) => {
      const body: JsonObject = parse(readFileSync(join(SAMPLES, 'requests', `${name}.yaml`), 'utf8'))
      await accepted(() => api(index), body)
      return followElsewhere(String(body.provisioningRequestId), index)
    })
    await apis[2]?.start()
    await Promise.all([...following.map(({ ended }) => ended), ...mainJobs])
    expect(seen.size).toBe(WORKLOADS.length + MAIN_JOBS.length)
    for (const [id, events] of seen) {
      expect(events.at(-1), id).toMatchObject({ event: 'end', data: { provisioningPhase: 'FULFILLED' } })
      expect(events.filter(({ event }) => event === 'snapshot' || event === 'end').length, id).toBe(2)
      const ids = events.map(({ id: eventId }) => eventId)
      expect(new Set(ids).size, id).toBe(ids.length)
    }
    for (const id of WORKLOADS) {
      const events = seen.get(id) ?? []
      for (const step of ['workload', 'ready', 'report']) {
        const states = statesOf(step, events)
        expect(states.filter((state) => state === 'SUCCEEDED').length, `${id} ${step}: ${states}`).toBe(1)
        expect(states.at(-1)).toBe('SUCCEEDED')
      }
    }
  }, 150_000)

  it('answer all the same', async () => {
    const answers = await Promise.all(apis.map((_, index) => call(`${api(index)}?limit=100`)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(answers[1]?.body).toEqual(answers[0]?.body)
    expect(answers[2]?.body).toEqual(answers[0]?.body)
    const [id = ''] = WORKLOADS
    const one = await Promise.all(apis.map((_, index) => call(`${api(index)}/${id}`)))
    expect(new Set(one.map(({ body, headers }) => JSON.stringify([body, headers.get('etag')]))).size).toBe(1)
  })

  it('go on with a stream that another one began', async () => {
    const [id = ''] = WORKLOADS
    const events = seen.get(id) ?? []
    const half = Math.floor(events.length / 2)
    const lastEventId = events[half]?.id ?? ''
    for (const index of [0, 1, 2]) {
      const stream = await call(`${api(index)}/${id}/events`, 'GET', undefined, { 'last-event-id': lastEventId })
      const ids = [...String(stream.body).matchAll(/^id: ?(.*)$/gm)].map(([, eventId]) => eventId)
      expect(ids).toEqual(events.slice(half + 1).map((event) => event.id))
    }
  })

  it('tell a subscriber of every change at least once, in order for each request', async () => {
    await eventually(() => {
      const told = toldOf(subscriber)
      for (const [id, events] of seen) {
        const followed = changesIn(events.map(({ data }) => data))
        expect(followed.at(-1)).toBe('FULFILLED')
        // What was before the first look of a follower stands in its snapshot.
        expect(told.get(id)?.slice(-followed.length), id).toEqual(followed)
      }
    }, PATIENCE_MS)
  })

  it('remove everything, whichever is asked', async () => {
    await Promise.all(
      [...seen.keys()].map(async (id, index) => {
        expect((await call(`${api(index)}/${id}`, 'DELETE')).status).toBe(202)
        await follow(`${api(index + 1)}/${id}/events`, AbortSignal.timeout(PATIENCE_MS))
        expect((await call(`${api(index + 2)}/${id}`)).status).toBe(404)
      }),
    )
  })

  describe('do the main job', () => {
    let store: Store
    beforeAll(async () => {
      store = await createStore({ address: group.address, key: encryptionKey, log: silentLog() })
    })
    afterAll(() => store?.close())
    // FoCoM looks every 30 s: nobody waits for that.
    edge5gRules({ url: () => apis[1]?.url ?? '', store: () => store, seenWithin: 20_000 })
  })

  it('leave no job, lock or lease when they stop, and no password in what they print', async () => {
    for (const server of [...apis, ...workers.slice(1)]) expect((await server.stop()).code).toBe(0)
    const { redis } = await group.master()
    await eventually(async () => {
      const keys = await redis.keys('*')
      const held = keys.filter((key) => key.startsWith(KEYS.lock('')) || key.startsWith(KEYS.lease('')))
      expect(held).toEqual([])
      const jobs = /:(wait|active|paused|delayed|prioritized|failed|completed|\d.*|[\da-f-]{36}-\d+.*)$/
      expect(keys.filter((key) => key.startsWith(BULL_PREFIX) && jobs.test(key))).toEqual([])
    })
    for (const server of [...apis, ...workers]) expect(server.output()).not.toMatch(/geheim|wachsam/)
  })
})

function statesOf(step: string, events: readonly SeenEvent[]): string[] {
  return events.filter(({ event, data }) => event === 'step' && data.step === step).map(({ data }) => data.state)
}

/** Posts until it is accepted: a store that is away is said with 503, a process that is killed breaks off. */
async function accepted(url: () => string, body: JsonObject): Promise<void> {
  const patience = AbortSignal.timeout(PATIENCE_MS)
  for (;;) {
    const answer: Pick<Answer, 'status'> = await call(url(), 'POST', body).catch(() => ({ status: 503 }))
    if (answer.status === 201 || answer.status === 200) return
    expect(answer.status).toBe(503)
    patience.throwIfAborted()
    await sleep(200)
  }
}

/** The changes of state among what was seen or told: of progress within a step subscribers hear nothing. */
function changesIn(all: readonly JsonObject[]): string[] {
  const states = all
    .filter(({ event, step, provisioningPhase }) => event !== 'end' && (step ?? provisioningPhase) !== undefined)
    .map(({ step, state, provisioningPhase }) => (step === undefined ? String(provisioningPhase) : `${step} ${state}`))
  return states.filter((state, index) => state !== states[index - 1])
}

/** The changes that the subscriber was told, by request, without what it was told again. */
function toldOf({ requests }: HttpPeer): Map<string, string[]> {
  const told = new Map<string, JsonObject>()
  for (const { body } of requests) {
    const notification: JsonObject = JSON.parse(body)
    const notificationId = String(notification.notificationId)
    if (!told.has(notificationId)) told.set(notificationId, notification)
  }
  const byRequest = Map.groupBy(told.values(), ({ provisioningRequestId }) => String(provisioningRequestId))
  return new Map([...byRequest].map(([id, notifications]) => [id, changesIn(notifications)]))
}
