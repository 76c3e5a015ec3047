import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { type Logger, pino } from 'pino'
import { whenAnswers } from '../../src/store/connection.ts'
import { createStore, type StoreParts } from '../../src/store/create-store.ts'
import { findRedisBinary } from '../../src/store/redis-binary.ts'
import type { Store } from '../../src/store/store.ts'
import { createChildren, freePorts } from './children.ts'

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

/** A real redis-server on a random loopback port, with an append-only file in a temporary folder. It ends with the test, however that ends. */
export async function startRedis(): Promise<TestRedis> {
  const binary = findRedisBinary()
  if (binary === undefined) throw new Error('these tests need redis-server or valkey-server on the PATH')
  const children = createChildren('o2ims-redis-')
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const listen = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', children.folder]
  const options = [...listen, '--appendonly', 'yes', '--appendfsync', 'always', '--save', '', '--daemonize', 'no']
  const start = async () => {
    const child = children.start('redis', binary, options)
    await whenAnswers({ url }, AbortSignal.timeout(10_000)).catch((error: unknown) => {
      throw new Error(`redis-server did not come up: ${child.tail()}`, { cause: error })
    })
    return child
  }
  let child = await start()
  return {
    url,
    port,
    pid: () => child.pid,
    stop: () => children.stop(),
    kill: () => child.kill(),
    async restart() {
      await child.kill()
      child = await start()
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

/** Remembers what Redis holds. What it answers sets Redis back to that, as a failover does that loses what was written since. */
export async function rememberAll(redis: TestRedis): Promise<() => Promise<void>> {
  const connection = plainConnection(redis)
  const all = await Promise.all(
    (await connection.keys('*')).map(async (key) => ({ key, dump: await connection.dumpBuffer(key) })),
  ).finally(() => connection.disconnect())
  return async () => {
    const again = plainConnection(redis)
    const past = again.multi().flushall()
    for (const { key, dump } of all) past.restore(key, 0, dump)
    await past.exec().finally(() => again.disconnect())
  }
}

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1)
  return port
}
