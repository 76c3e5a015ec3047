import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { Agent, request } from 'undici'
import type { Report } from '../src/provisioning/schema.ts'
import { startRedis } from '../test/harness/redis.ts'
import { startServer, type TestServer } from '../test/harness/server.ts'
import { requestFor } from '../test/harness/templates.ts'
import { cpuSeconds, peakMegabytes } from './processes.ts'
import { atMost, type Row } from './row.ts'

/**
 * So many requests of so many seconds at once on one worker with default settings: first the service as one process with its embedded Redis, then API, worker and
 * Redis apart. The makespan goes from the first POST that was accepted to the last request that is FULFILLED, by the times in the records; posting is part of it.
 * What a busy machine does not spoil is the CPU time for each request, by process. REQUESTS, REQUEST_SECONDS and SHAPES (together,apart) change it.
 */
const REQUESTS = Number(process.env.REQUESTS ?? 1_000)
const REQUEST_SECONDS = Number(process.env.REQUEST_SECONDS ?? 10)
const SHAPES = (process.env.SHAPES ?? 'together,apart').split(',')
const CLIENTS = 50
/** Steps of kpt-workload; together they take REQUEST_SECONDS longer than they would. */
const STEPS = 4
const LIMIT_MS = 180_000

/** One measured service: its processes by name, and its Redis. */
interface Measured {
  url: string
  processes: Record<string, number>
  redis: Redis
  dispose(): Promise<void>
}

/** The harness takes over sooner than a service does by default, and renews its leases as often. */
const DEFAULTS = { TAKEOVER_SECONDS: '10' }

async function together(): Promise<Measured> {
  const server = await startServer({ env: DEFAULTS })
  const redis = new Redis({ path: join(server.dataDir, 'redis', 'redis.sock'), protocol: 2 })
  return {
    url: server.url,
    redis,
    processes: { service: server.pid() },
    async dispose() {
      redis.disconnect()
      await server.dispose()
    },
  }
}

async function apart(): Promise<Measured> {
  const own = await startRedis()
  const redis = new Redis(own.url, { protocol: 2 })
  const api = await startServer({ roles: 'api', redisUrl: own.url, env: DEFAULTS })
  const { encryptionKey } = api
  const worker: TestServer = await startServer({ roles: 'worker', redisUrl: own.url, encryptionKey, env: DEFAULTS })
  return {
    url: api.url,
    redis,
    processes: { API: api.pid(), worker: worker.pid() },
    async dispose() {
      redis.disconnect()
      await Promise.all([api.dispose(), worker.dispose()])
      await own.stop()
    },
  }
}

/** What was used until now. */
interface Used {
  /** CPU seconds by process. */
  cpu: Record<string, number>
  commands: number
  bytes: number
}

async function used({ processes, redis }: Measured): Promise<Used> {
  const info = await redis.info()
  const figure = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1])
  const cpu: Record<string, number> = { Redis: figure('used_cpu_user') + figure('used_cpu_sys') }
  for (const [name, pid] of Object.entries(processes)) cpu[name] = cpuSeconds(pid)
  const bytes = figure('total_net_input_bytes') + figure('total_net_output_bytes')
  return { cpu, commands: figure('total_commands_processed'), bytes }
}

async function post(url: string, dispatcher: Agent): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  let next = 0
  const client = async () => {
    while (next < REQUESTS) {
      const id = `load-${next++}`
      const parameters = { oCloud: 'sim-edge-1', namespace: id, values: { duReplicas: 1 } }
      const simulation = { stepDelayMs: (REQUEST_SECONDS * 1000) / STEPS }
      const body = JSON.stringify(requestFor(id, 'kpt-workload', parameters, { simulation }))
      const answer = await request(url, { method: 'POST', dispatcher, headers, body })
      const text = await answer.body.text()
      if (answer.statusCode !== 201) throw new Error(`${answer.statusCode}: ${text}`)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
}

/** Asks for the counts by phase, which cost next to nothing, until every request has ended. */
async function allEnded(base: string): Promise<void> {
  for (let waited = 0; waited < LIMIT_MS; waited += 1_000) {
    const text = await (await fetch(`${base}/metrics`)).text()
    const count = (phase: string) =>
      Number(new RegExp(`^o2ims_provisioning_requests\\{phase="${phase}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0)
    if (count('FULFILLED') + count('FAILED') === REQUESTS) return
    await sleep(1_000)
  }
  throw new Error(`not all requests have ended after ${LIMIT_MS / 1000} s`)
}

/** From the first that was accepted to the last that was fulfilled, in seconds. */
async function makespanOf(url: string, dispatcher: Agent): Promise<number> {
  let first = Number.POSITIVE_INFINITY
  let last = 0
  for (let n = 0; n < REQUESTS; n++) {
    const headers = { accept: 'application/json' }
    const answer = await request(`${url}/load-${n}/report`, { dispatcher, headers })
    const report: Report = JSON.parse(await answer.body.text())
    if (report.provisioningPhase !== 'FULFILLED') throw new Error(`load-${n}: ${report.message}`)
    first = Math.min(first, Date.parse(report.createdAt))
    last = Math.max(last, Date.parse(report.finishedAt ?? ''))
  }
  return (last - first) / 1000
}

/** Each shape by itself, with what it cost. */
export async function makespan(): Promise<Row[]> {
  const rows: Row[] = []
  for (const shape of SHAPES) rows.push(await measuredAs(shape))
  return rows
}

async function measuredAs(shape: string): Promise<Row> {
  const measured = await (shape === 'apart' ? apart() : together())
  const dispatcher = new Agent({ connections: CLIENTS, pipelining: 1 })
  try {
    const url = `${measured.url}/o2ims/v1/provisioningRequests`
    const before = await used(measured)
    const began = performance.now()
    await post(url, dispatcher)
    const posted = (performance.now() - began) / 1000
    await allEnded(measured.url)
    const after = await used(measured)
    const each = Object.entries(after.cpu).map(([name, seconds]) => {
      return `${name} ${(((seconds - (before.cpu[name] ?? 0)) * 1000) / REQUESTS).toFixed(1)}`
    })
    const memory = Object.entries(measured.processes).map(([name, pid]) => `${name} ${peakMegabytes(pid).toFixed(0)}`)
    const commands = ((after.commands - before.commands) / REQUESTS).toFixed(0)
    const kilobytes = ((after.bytes - before.bytes) / REQUESTS / 1024).toFixed(0)
    const took = await makespanOf(url, dispatcher)
    const where = shape === 'apart' ? 'API, worker and Redis apart' : 'all in one process'
    if (process.env.COMMANDS) process.stderr.write(await measured.redis.info('commandstats'))
    return {
      what: `${REQUESTS} requests of ${REQUEST_SECONDS} s, ${where}`,
      ours: `${took.toFixed(1)} s (posted in ${posted.toFixed(1)} s, peak memory ${memory.join(', ')} MB)`,
      baseline: `${REQUEST_SECONDS} s, if only waiting took time`,
      ratio: took / REQUEST_SECONDS,
      target: atMost(1.2, took / REQUEST_SECONDS),
      limit: `processor time of one request in ms: ${each.join(', ')}; ${commands} commands and ${kilobytes} KB to and from Redis`,
    }
  } finally {
    await dispatcher.close()
    await measured.dispose()
  }
}
