import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, toTheEnd } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'
import { startRedis, type TestRedis } from '../harness/redis.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { requestFor } from '../harness/templates.ts'

const MISSING =
  /kind is not on the PATH of this worker: run the worker from the image o2ims-worker.*or install it.*then retry$/

describe('a worker without any tool, as in the image of the API', needs('redis'), () => {
  const bin = mkdtempSync(join(tmpdir(), 'o2ims-no-tools-'))
  let redis: TestRedis
  let server: TestServer
  const requests = () => `${server.url}/o2ims/v1/provisioningRequests`

  beforeAll(async () => {
    redis = await startRedis()
    server = await startServer({ redisUrl: redis.url, env: { PATH: bin } })
  })
  afterAll(async () => {
    await server?.dispose()
    await redis?.stop()
    rmSync(bin, { recursive: true, force: true })
  })

  const cluster = (id: string) => requestFor(id, 'kind-cluster', { clusterName: 'never-made' })

  it('fails a request that needs kind, before it makes anything, and says where kind is to be had', async () => {
    expect((await call(requests(), 'POST', cluster('no-kind'))).status).toBe(201)
    const { body } = await toTheEnd(server.url, 'no-kind')
    expect(body.status).toMatchObject({ provisioningPhase: 'FAILED', message: expect.stringContaining('kind is not') })
    expect(body.progress.error).toMatchObject({
      code: 'PREFLIGHT_FAILED',
      step: 'check',
      cause: expect.stringMatching(MISSING),
    })
    const states = body.progress.steps.map(({ state }: { state: string }) => state)
    expect(states).toEqual(['UNDONE', 'PENDING', 'PENDING'])
  })

  it('refuses its dry run with the same words', async () => {
    const { status, body } = await call(`${requests()}?dryRun=true`, 'POST', cluster('dry'))
    expect(status).toBe(422)
    expect(body).toMatchObject({ code: 'PREFLIGHT_FAILED', detail: expect.stringMatching(MISSING) })
  })

  it('still provisions what needs none', async () => {
    const body = requestFor('simulated', 'kpt-workload', { oCloud: 'sim-edge-1' })
    expect((await call(requests(), 'POST', body)).status).toBe(201)
    expect((await toTheEnd(server.url, 'simulated')).body.status.provisioningPhase).toBe('FULFILLED')
  })
})
