import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { Agent, request } from 'undici'
import type { Report } from '../src/provisioning/schema.ts'
import { startRedis } from '../test/harness/redis.ts'
import { startServer, type TestServer } from '../test/harness/server.ts'
import { requestFor } from '../test/harness/templates.ts'

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
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

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

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const [, , , , , , , , , , , user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  return (user + system) / TICKS_PER_SECOND
}

function peakMegabytes(pid: number): number {
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(peak) / 1024
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

const rows: string[] = []
for (const shape of SHAPES) {
  const measured = await (shape === 'apart' ? apart() : together())
  const dispatcher = new Agent({ connections: CLIENTS, pipelining: 1 })
  try {
    const url = `${measured.url}/o2ims/v1/provisioningRequests`
    const before = await used(measured)
    const began = performance.now()
    await post(url, dispatcher)
    const posted = (performance.now() - began) / 1000
    const afterPosts = await used(measured)
    await allEnded(measured.url)
    const after = await used(measured)
    const memory = Object.entries(measured.processes).map(([name, pid]) => `${name} ${peakMegabytes(pid).toFixed(0)}`)
    const each = (earlier: Used, later: Used) =>
      Object.entries(later.cpu).map(([name, seconds]) => {
        return `${name} ${(((seconds - (earlier.cpu[name] ?? 0)) * 1000) / REQUESTS).toFixed(2)}`
      })
    const makespan = await makespanOf(url, dispatcher)
    const cells = [
      shape,
      makespan.toFixed(1),
      (makespan / REQUEST_SECONDS).toFixed(2),
      posted.toFixed(1),
      each(before, after).join(', '),
      each(before, afterPosts).join(', '),
      ((after.commands - before.commands) / REQUESTS).toFixed(1),
      ((after.bytes - before.bytes) / REQUESTS / 1024).toFixed(0),
      memory.join(', '),
    ]
    rows.push(`| ${cells.join(' | ')} |`)
    if (process.env.COMMANDS) process.stderr.write(await measured.redis.info('commandstats'))
  } finally {
    await dispatcher.close()
    await measured.dispose()
  }
}

process.stdout.write(
  `${[
    '',
    `| ${REQUESTS} requests of ${REQUEST_SECONDS} s | Makespan, s | Ratio | Posted in, s | CPU ms a request | Of it while posting | Redis commands a request | KB to and from Redis | Peak memory, MB |`,
    '|---|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n')}\n`,
)
