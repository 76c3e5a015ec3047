import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from '../test/harness/children.ts'
import { startRedis } from '../test/harness/redis.ts'
import { startBare } from './bare.ts'
import { residentMegabytes, togetherMegabytes } from './processes.ts'
import { atMost, median, type Row } from './row.ts'

const BIN = join(import.meta.dirname, '..', 'bin', 'o2ims.js')
const ROUNDS = 5
/** After the last start, until the memory is looked at: what the start has left behind has gone back by then. */
const IDLE_MS = 15_000
const ASK_EVERY_MS = 5
const MOST_MS = 30_000
const CODE =
  'loading the modules, whose types Node strips at each start, and building the routes with their serialisers'

/** Memory of idle processes, and the time from the spawn until a client is told that the service is ready. */
export async function footprint(): Promise<Row[]> {
  const redis = await startRedis()
  try {
    const key = randomBytes(32).toString('base64')
    return [...(await memory(redis.url, key)), ...(await startUp(redis.url, key))]
  } finally {
    await redis.stop()
  }
}

async function memory(redisUrl: string, encryptionKey: string): Promise<Row[]> {
  const external = { REDIS_URL: redisUrl, ENCRYPTION_KEY: encryptionKey }
  // Fills the compile cache: what has been compiled before needs less.
  await (await readyServer({})).end()
  const bare = await startBare('bare-requests.ts', { REDIS_URL: redisUrl })
  const started: Started[] = []
  try {
    for (const start of [
      () => readyServer({}),
      () => readyServer(external, '--roles', 'api'),
      () => readyServer(external, '--roles', 'worker'),
    ])
      started.push(await start())
    await sleep(IDLE_MS)
    const [all = 0, own = 0, its = 0] = started.map(({ pid }) => residentMegabytes(pid))
    const both = togetherMegabytes(...started.slice(1).map(({ pid }) => pid))
    const least = residentMegabytes(bare.pid)
    const baseline = `${least.toFixed(0)} MB (bare Fastify with ioredis)`
    return [
      {
        what: 'Idle, API and worker in one process',
        ours: `${all.toFixed(0)} MB`,
        baseline,
        ratio: all / least,
        target: atMost(160, all, ' MB'),
        limit: 'the code of the libraries',
      },
      {
        what: 'Idle, API and worker as two processes',
        ours: `${own.toFixed(0)} + ${its.toFixed(0)} MB, ${both.toFixed(0)} MB with Node itself counted once`,
        baseline,
        ratio: both / least,
        target: atMost(160, both, ' MB'),
        limit: 'the libraries twice',
      },
    ]
  } finally {
    await bare.end()
    await Promise.all(started.map(({ end }) => end()))
  }
}

async function startUp(redisUrl: string, key: string): Promise<Row[]> {
  const external = { REDIS_URL: redisUrl, ENCRYPTION_KEY: key }
  const times: Record<string, number[]> = { 'all in one': [], API: [], worker: [], bare: [] }
  for (let round = 0; round < ROUNDS; round += 1) {
    times.bare?.push(await timed(() => startBare('bare-requests.ts', { REDIS_URL: redisUrl }).then((it) => it.end)))
    times['all in one']?.push(await timed(() => readyServer({}).then((it) => it.end)))
    times.API?.push(await timed(() => readyServer(external, '--roles', 'api').then((it) => it.end)))
    times.worker?.push(await timed(() => readyServer(external, '--roles', 'worker').then((it) => it.end)))
  }
  const baseline = median(times.bare ?? [])
  return ['all in one', 'API', 'worker'].map((what) => {
    const ours = median(times[what] ?? [])
    return {
      what: `Start until ready, ${what}`,
      ours: `${ours.toFixed(0)} ms`,
      baseline: `${baseline.toFixed(0)} ms (bare Fastify listens)`,
      ratio: ours / baseline,
      target: atMost(1000, ours, ' ms'),
      limit: what === 'all in one' ? `${CODE}; its own Redis starts first` : CODE,
    }
  })
}

/** Milliseconds until that is ready; it is ended again. */
async function timed(start: () => Promise<() => Promise<unknown>>): Promise<number> {
  const began = performance.now()
  const end = await start()
  const took = performance.now() - began
  await end()
  return took
}

interface Started {
  pid: number
  end(): Promise<void>
}

/** Spawned as a user does; resolves as soon as /readyz says that it is ready. */
async function readyServer(env: Record<string, string>, ...args: string[]): Promise<Started> {
  const [port = 0] = await freePorts(1)
  const dataDir = mkdtempSync(join(tmpdir(), 'o2ims-bench-'))
  const child = spawn(process.execPath, [BIN, 'serve', ...args], {
    stdio: 'ignore',
    env: {
      ...process.env,
      ...env,
      [args.includes('worker') ? 'WORKER_PORT' : 'PORT']: String(port),
      DATA_DIR: dataDir,
    },
  })
  const exited = once(child, 'exit')
  const end = async () => {
    child.kill()
    await exited
    rmSync(dataDir, { recursive: true, force: true })
  }
  try {
    await ready(`http://127.0.0.1:${port}/readyz`, child)
  } catch (error) {
    await end()
    throw error
  }
  return { pid: child.pid ?? 0, end }
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  for (const end = performance.now() + MOST_MS; performance.now() < end; await sleep(ASK_EVERY_MS)) {
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}`)
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return
  }
  throw new Error(`${url} says not that it is ready`)
}
