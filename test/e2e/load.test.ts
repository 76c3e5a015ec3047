import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, toTheEnd } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { requestFor } from '../harness/templates.ts'

const COUNT = 1_000
/** Steps of kpt-workload; together they take ten seconds longer than they would. */
const STEPS = 4

describe('a thousand requests at once on one worker with default settings', needs('redis'), () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ env: { TAKEOVER_SECONDS: '10' } })
  })
  afterAll(() => server?.dispose())

  it('all end FULFILLED, side by side', async () => {
    const ids = Array.from({ length: COUNT }, (_, index) => `load-${index}`)
    const began = performance.now()
    const post = async (id: string) => {
      const body = requestFor(
        id,
        'kpt-workload',
        { oCloud: 'sim-edge-1', namespace: id, values: { duReplicas: 1 } },
        { simulation: { stepDelayMs: 10_000 / STEPS } },
      )
      const { status } = await call(`${server.url}/o2ims/v1/provisioningRequests`, 'POST', body)
      expect(status).toBe(201)
    }
    for (let from = 0; from < COUNT; from += 50) await Promise.all(ids.slice(from, from + 50).map(post))
    const posted = performance.now()
    const phases = new Map<string, number>()
    for (const id of ids) {
      const { body } = await toTheEnd(server.url, id, 150_000)
      const { code, step, cause } = body.progress.error ?? {}
      const phase = code ? `${code} at ${step}: ${cause}` : body.status.provisioningPhase
      phases.set(phase, (phases.get(phase) ?? 0) + 1)
    }
    const ended = performance.now()
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid()}/status`, 'utf8'))?.[1]
    process.stdout.write(
      `1,000 requests of 10 s: posted in ${seconds(posted - began)} s, all ended after ${seconds(ended - began)} s, peak memory ${Math.round(Number(peak) / 1024)} MB\n`,
    )
    expect(Object.fromEntries(phases)).toEqual({ FULFILLED: COUNT })
  }, 170_000)
})

const seconds = (ms: number): string => (ms / 1000).toFixed(1)
