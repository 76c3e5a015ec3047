import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { call, follow, type SeenEvent, toTheEnd } from '../harness/client.ts'
import { ALL_PARTS, type ControlPlane, startControlPlane } from '../harness/control-plane.ts'
import { childrenOf } from '../harness/leftovers.ts'
import { needs } from '../harness/needs.ts'
import { startRedis, type TestRedis } from '../harness/redis.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { manifestsTemplate, requestFor } from '../harness/templates.ts'

/** When to kill the worker: told of each event of the request and of how many writes the audit log lists. */
type Trigger = (seen: readonly SeenEvent[], writes: () => number) => boolean

describe('kill -9 of the worker', needs('redis', 'control-plane', 'kwok', 'kpt'), () => {
  let plane: ControlPlane
  let redis: TestRedis
  let api: TestServer
  let worker: TestServer

  beforeAll(async () => {
    plane = await startControlPlane({ parts: ALL_PARTS })
    await plane.addNode({ cpu: '4', memory: '8Gi', pods: '110' })
    redis = await startRedis()
    api = await startServer({ redisUrl: redis.url, roles: 'api' })
    worker = await startServer({ redisUrl: redis.url, roles: 'worker', encryptionKey: api.encryptionKey })
    await call(`${api.url}/o2ims/v1/ocloud`, 'POST', { name: 'edge', kubeconfig: plane.kubeconfig })
    await call(`${api.url}/o2ims/v1/templates`, 'POST', manifestsTemplate('manifests'))
  })
  afterAll(async () => {
    await worker?.dispose()
    await api?.dispose()
    await redis?.stop()
    await plane?.stop()
  })

  /** Posts, kills the worker each time a trigger comes true, starts it again, and returns what a client saw. */
  async function provisionUnderFire(
    body: JsonObject,
    triggers: Trigger[],
  ): Promise<{ seen: SeenEvent[]; since: number; kills: number }> {
    const url = `${api.url}/o2ims/v1/provisioningRequests`
    const since = Date.now()
    expect((await call(url, 'POST', body)).status).toBe(201)
    const seen: SeenEvent[] = []
    const following = follow(`${url}/${body.provisioningRequestId}/events`, AbortSignal.timeout(150_000), (event) =>
      seen.push(event),
    )
    const writes = () => plane.audit.writes({ user: 'admin', since }).length
    let kills = 0
    for (const trigger of triggers) {
      while (!trigger(seen, writes) && !ended(seen)) await sleep(2)
      if (ended(seen)) break
      await worker.kill()
      kills++
      await worker.start()
    }
    await following
    return { seen, since, kills }
  }

  const ended = (seen: readonly SeenEvent[]) => seen.at(-1)?.event === 'end'

  /** What must hold after every such request: FULFILLED, one create for each object, no finished step run again, no orphan. */
  async function checkTraces(id: string, namespace: string, seen: readonly SeenEvent[], since: number): Promise<void> {
    const { body } = await toTheEnd(api.url, id)
    expect(body.status.provisioningPhase, JSON.stringify(body.progress.error)).toBe('FULFILLED')
    const creations = new Map<string, number>()
    for (const { verb, code, namespace: where, resource, name } of plane.audit.writes({ user: 'admin', since })) {
      if (where !== namespace && name !== namespace) continue
      if (verb === 'create' || code === 201)
        creations.set(`${resource} ${name}`, (creations.get(`${resource} ${name}`) ?? 0) + 1)
    }
    expect(creations.size).toBeGreaterThanOrEqual(3)
    for (const [object, times] of creations) expect(`${object}: ${times}`).toBe(`${object}: 1`)
    for (const step of body.progress.steps) {
      const states = seen
        .filter(({ event, data }) => event === 'step' && data.step === step.name)
        .map(({ data }) => data.state)
      expect(states.filter((state) => state === 'SUCCEEDED')).toHaveLength(1)
      expect(states.indexOf('SUCCEEDED')).toBe(states.length - 1)
    }
    expect(childrenOf(body.provisioningRequestReference)).toEqual([])
  }

  const reached =
    (step: string): Trigger =>
    (seen) =>
      seen.some(({ event, data }) => event === 'step' && data.step === step && data.state === 'RUNNING')

  it('in each step of a package in turn', async () => {
    const id = 'each-step'
    const body = requestFor(id, 'kpt-workload', { oCloud: 'edge', namespace: id })
    const { seen, since, kills } = await provisionUnderFire(body, ['check', 'workload', 'ready', 'report'].map(reached))
    await checkTraces(id, id, seen, since)
    expect(kills).toBeGreaterThanOrEqual(2)
  })

  it('right after each write to the cluster, before its checkpoint can be written', async () => {
    for (const [template, id] of [
      ['manifests', 'after-writes'],
      ['kpt-workload', 'after-kpt-writes'],
    ] as const) {
      const parameters = { oCloud: 'edge', namespace: id, ...(template === 'manifests' && { password: 'pass-word-1' }) }
      const triggers = [1, 2, 3, 4].map(
        (count): Trigger =>
          (_seen, writes) =>
            writes() >= count,
      )
      const { seen, since, kills } = await provisionUnderFire(requestFor(id, template, parameters), triggers)
      expect(kills).toBeGreaterThanOrEqual(2)
      await checkTraces(id, id, seen, since)
    }
  })

  it('at random instants, several times in one request', async () => {
    for (let round = 0; round < 4; round++) {
      const id = `random-${round}`
      const instants = Array.from({ length: 3 }, () => Math.random() * 1_500)
      const triggers = instants.map((delay): Trigger => {
        const from = performance.now()
        let started: number | undefined
        return () => {
          started ??= performance.now()
          return performance.now() - Math.max(from, started) > delay
        }
      })
      const { seen, since } = await provisionUnderFire(
        requestFor(id, 'kpt-workload', { oCloud: 'edge', namespace: id }),
        triggers,
      )
      await checkTraces(id, id, seen, since)
    }
  }, 300_000)

  it('while it removes everything: the request is gone in the end, and so is what it made', async () => {
    const id = 'each-step'
    const url = `${api.url}/o2ims/v1/provisioningRequests/${id}`
    const { provisioningRequestReference } = (await call(url)).body
    await call(url, 'DELETE')
    for (let kill = 0; kill < 2; kill++) {
      await sleep(300)
      await worker.kill()
      await worker.start()
    }
    for (let waited = 0; (await call(url)).status !== 404; waited += 200) {
      if (waited > 60_000) throw new Error('it is still there')
      await sleep(200)
    }
    expect((await plane.client.call('GET', `/api/v1/namespaces/${id}`)).status).toBe(404)
    expect(childrenOf(provisioningRequestReference)).toEqual([])
  })
})
