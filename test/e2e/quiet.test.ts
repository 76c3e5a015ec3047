import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, follow, type SeenEvent } from '../harness/client.ts'
import { type ControlPlane, startControlPlane } from '../harness/control-plane.ts'
import { needs } from '../harness/needs.ts'
import { startRedis, type TestRedis } from '../harness/redis.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { manifestsTemplate, requestFor } from '../harness/templates.ts'

/** Three quiet minutes, or less for a quick look. */
const QUIET_MS = Number(process.env.QUIET_SECONDS ?? 180) * 1_000

describe('a request that waits', needs('redis', 'control-plane'), () => {
  let plane: ControlPlane
  let redis: TestRedis
  let server: TestServer

  beforeAll(async () => {
    plane = await startControlPlane()
    redis = await startRedis()
    server = await startServer({ redisUrl: redis.url })
    await call(`${server.url}/o2ims/v1/templates`, 'POST', manifestsTemplate('quiet'))
    await call(`${server.url}/o2ims/v1/ocloud`, 'POST', { name: 'edge', kubeconfig: plane.kubeconfig })
  })
  afterAll(async () => {
    await server?.dispose()
    await redis?.stop()
    await plane?.stop()
  })

  it(
    'asks nothing of the API server for minutes, and tells a change of status within a second',
    async () => {
      const url = `${server.url}/o2ims/v1/provisioningRequests`
      const body = requestFor(
        'quiet',
        'quiet',
        { oCloud: 'edge', namespace: 'quiet', password: 'pass-word-1' },
        { timeoutSeconds: QUIET_MS / 1000 + 120 },
      )
      expect((await call(url, 'POST', body)).status).toBe(201)
      const seen: SeenEvent[] = []
      const following = follow(`${url}/quiet/events`, AbortSignal.timeout(QUIET_MS + 60_000), (event) =>
        seen.push(event),
      )
      await until(() =>
        seen.some(({ event, data }) => event === 'step' && data.step === 'ready' && data.state === 'RUNNING'),
      )
      await sleep(2_000)
      const since = Date.now()
      await sleep(QUIET_MS)
      const asked = plane.audit.entries({ user: 'admin', since }).filter(({ verb }) => verb !== 'watch')
      expect(asked.map(({ verb, uri }) => `${verb} ${uri}`)).toEqual([])

      const path = '/apis/apps/v1/namespaces/quiet/deployments/du'
      const { body: deployment } = await plane.client.call('GET', path)
      const { metadata } = deployment as { metadata: { generation: number } }
      const status = {
        observedGeneration: metadata.generation,
        replicas: 1,
        updatedReplicas: 1,
        readyReplicas: 1,
        availableReplicas: 1,
        conditions: [
          {
            type: 'Available',
            status: 'True',
            reason: 'x',
            message: 'x',
            lastTransitionTime: new Date().toISOString(),
            lastUpdateTime: new Date().toISOString(),
          },
        ],
      }
      const changed = performance.now()
      const put = await plane.client.call('PUT', `${path}/status`, { ...(deployment as object), status })
      expect(put.status).toBe(200)
      await following
      const told = seen.find(({ event, data, at }) => event === 'step' && data.step === 'ready' && at > changed)
      const end = seen.at(-1)
      expect(end).toMatchObject({ event: 'end', data: { provisioningPhase: 'FULFILLED' } })
      expect((told?.at ?? Number.POSITIVE_INFINITY) - changed).toBeLessThan(1_000)
      process.stdout.write(
        `status change to event: ${((told?.at ?? 0) - changed).toFixed(0)} ms, to the end of the request: ${((end?.at ?? 0) - changed).toFixed(0)} ms\n`,
      )
    },
    QUIET_MS + 120_000,
  )
})

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 50) {
    if (waited > 30_000) throw new Error('it never came')
    await sleep(50)
  }
}
