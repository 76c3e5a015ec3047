import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { type Logger, pino } from 'pino'
import { createStore, type StoreParts } from '../../src/store/create-store.ts'
import { findRedisBinary } from '../../src/store/redis-binary.ts'
import type { Store } from '../../src/store/store.ts'

export interface TestRedis {
  url: string
  port: number
  /** The running server; another one after `restart`. */
  pid(): number
  /** Ends it and removes its folder. */
  stop(): Promise<void>
  /** SIGKILL, as a crash would. The data stay for `restart`. */
  kill(): Promise<void>
  restart(): Promise<void>
}

/** A real redis-server on a random loopback port, with an append-only file in a temporary folder. */
export async function startRedis(): Promise<TestRedis> {
  const binary = findRedisBinary()
  if (binary === undefined)
    throw new Error('these tests need redis-server or valkey-server on the PATH (apt-get install redis-server)')
  const folder = await mkdtemp(join(tmpdir(), 'o2ims-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const options = [
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--appendonly',
    'yes',
    '--appendfsync',
    'everysec',
  ]
  let child = start()
  await answers(url)

  function start(): ChildProcess {
    return spawn(binary ?? '', [...options, '--save', '', '--daemonize', 'no'], { stdio: 'ignore' })
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  return {
    url,
    port,
    pid: () => child.pid ?? 0,
    async stop() {
      await end('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGKILL')
      child = start()
      await answers(url)
    },
  }
}

export interface TestStore {
  store: Store
  redis: TestRedis
  /** The encryption key in base64. */
  key: string
  /** What another process of the same service would open: the same Redis and key. The caller closes it. */
  another(options?: Partial<StoreParts>): Promise<Store>
  /** Ends store and Redis. */
  stop(): Promise<void>
}

/** A store on a Redis of its own. */
export async function createTestStore(options: Partial<StoreParts> = {}): Promise<TestStore> {
  const redis = await startRedis()
  const parts: StoreParts = { address: { url: redis.url }, key: randomBytes(32), log: silentLog(), ...options }
  const store = await createStore(parts)
  return {
    store,
    redis,
    key: Buffer.from(parts.key).toString('base64'),
    another: (other = {}) => createStore({ ...parts, ...other }),
    async stop() {
      await store.close()
      await redis.stop()
    },
  }
}

export function silentLog(): Logger {
  return pino({ level: 'silent' })
}

/** A plain connection, to look at the keys themselves. The caller disconnects it. */
export function plainConnection(redis: TestRedis): Redis {
  return new Redis(redis.url, { protocol: 2 })
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function answers(url: string): Promise<void> {
  const redis = new Redis(url, { protocol: 2, maxRetriesPerRequest: null, retryStrategy: () => 20 })
  // The first attempts are refused while the server starts.
  redis.on('error', () => undefined)
  const timer = setTimeout(() => redis.disconnect(), 10_000)
  try {
    await redis.ping()
  } finally {
    clearTimeout(timer)
    redis.disconnect()
  }
}
