import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { FRONT_DOOR } from '../src/provisioning/representation.ts'
import { createRequests, type Requests } from '../src/provisioning/requests.ts'
import { call } from '../test/harness/client.ts'
import { createTestStore, plainConnection } from '../test/harness/redis.ts'
import { startServer, type TestServer } from '../test/harness/server.ts'
import { requestFor } from '../test/harness/templates.ts'
import { load, loadWith } from './load.ts'
import { cpuSeconds, residentMegabytes } from './processes.ts'
import { rawRequest } from './raw-client.ts'
import { atMost, inTurn, median, type Row } from './row.ts'

const FEW = 1_000
const MANY = Number(process.env.STORED ?? 100_000)
const CLIENTS = 8
const ROUNDS = 5
const SECONDS = 1
const AT_ONCE = 500
const SETTLE_MS = 3_000

/** One API, with its Redis, and so many requests that have ended. */
interface World {
  url: string
  api: TestServer
  redisPid: number
  /** A worker on the same Redis. */
  worker(): Promise<TestServer>
  redisMegabytes(): Promise<number>
  dispose(): Promise<void>
}

async function worldWith(count: number): Promise<World> {
  const { store, redis, key, stop } = await createTestStore()
  const plain = plainConnection(redis)
  const shared = { redisUrl: redis.url, encryptionKey: key, env: { LOG_LEVEL: 'warn' } }
  const api = await startServer({ ...shared, roles: 'api' })
  const url = `${api.url}${FRONT_DOOR}`
  // To fill it faster; nothing of it is measured.
  await plain.config('SET', 'appendfsync', 'no')
  await plain.config('SET', 'auto-aof-rewrite-percentage', '0')
  await fill(url, createRequests(store), count)
  await plain.config('SET', 'appendfsync', 'always')
  return {
    url,
    api,
    redisPid: redis.pid(),
    worker: () => startServer({ ...shared, roles: 'worker', env: {} }),
    async redisMegabytes() {
      return Number(/^used_memory:(\d+)/m.exec(await plain.info('memory'))?.[1]) / 1e6
    },
    async dispose() {
      plain.disconnect()
      await api.dispose()
      await stop()
    },
  }
}

/** One through the API, the others like it, as if they had been provisioned. */
async function fill(url: string, requests: Requests, count: number): Promise<void> {
  await call(url, 'POST', bodyOf('stored-0'))
  const first = await requests.get('stored-0')
  for (let from = 1; from < count; from += AT_ONCE) {
    const ids = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, n) => `stored-${from + n}`)
    await Promise.all(
      ids.map((id) => {
        const data = { ...first.data, provisioningRequestId: id, name: id }
        const record = {
          ...first,
          provisioningRequestId: id,
          reference: randomUUID(),
          data,
          phase: 'FULFILLED' as const,
        }
        return requests.create({ record, events: [] })
      }),
    )
  }
}

const bodyOf = (id: string): string =>
  JSON.stringify(requestFor(id, 'kpt-workload', { oCloud: 'sim-edge-1', namespace: 'ran' }))

/** What a request costs with many stored, beside what it costs with few: the same API on two stores, in turn. */
export async function stored(): Promise<Row[]> {
  const few = await worldWith(FEW)
  const many = await worldWith(MANY)
  try {
    return [
      // First: what is posted below waits for a worker.
      await memory(many),
      await compared('POST', few, many, ({ url }) => posts(url), 'one more step in some sorted sets'),
      await compared(
        'GET one',
        few,
        many,
        ({ url }) => load(`${url}/stored-7`, CLIENTS, SECONDS),
        'one field of a hash',
      ),
      await compared(
        'First page of all',
        few,
        many,
        ({ url }) => load(url, CLIENTS, SECONDS),
        'a page is read from its place in a sorted set',
      ),
      await wholeWalk(few, many),
    ]
  } finally {
    await many.dispose()
    await few.dispose()
  }
}

let posted = 0
const posts = (url: string) =>
  loadWith(url, CLIENTS, SECONDS, () => rawRequest(url, 'POST', bodyOf(`posted-${posted++}`)))

async function compared(
  what: string,
  few: World,
  many: World,
  run: (world: World) => Promise<{ rate: number }>,
  limit: string,
): Promise<Row> {
  /** Of each round, of API and Redis: what the machine does besides does not count. */
  const processor = new Map<World, number[][]>([
    [few, []],
    [many, []],
  ])
  const perRequest = (world: World) => async () => {
    const pids = [world.api.pid(), world.redisPid]
    const before = pids.map(cpuSeconds)
    const { rate } = await run(world)
    const used = pids.map((pid, at) => (cpuSeconds(pid) - (before[at] ?? 0)) / (rate * SECONDS))
    processor.get(world)?.push(used)
    return 1000 / rate
  }
  const figures = await inTurn(ROUNDS, perRequest(many), perRequest(few))
  const microseconds = (at: number) =>
    [many, few]
      .map((world) => (median((processor.get(world) ?? []).map((used) => used[at] ?? 0)) * 1e6).toFixed(0))
      .join(' against ')
  return {
    what: `${what} with ${MANY} stored, against ${FEW}; ${CLIENTS} clients`,
    ours: `${figures.ours.toFixed(2)} ms`,
    baseline: `${figures.baseline.toFixed(2)} ms`,
    ratio: figures.ratio,
    target: atMost(1.2, figures.ratio),
    limit: `${limit}; processor time of one in µs: API ${microseconds(0)}, Redis ${microseconds(1)}`,
  }
}

/** A filter that no index answers and nothing matches reads all there is. */
async function wholeWalk(few: World, many: World): Promise<Row> {
  const timed = async ({ url }: World) => {
    const began = performance.now()
    await call(`${url}?filter=(eq,status/message,nothing)`)
    return performance.now() - began
  }
  const baseline = median([await timed(few), await timed(few), await timed(few)])
  const ours = await timed(many)
  return {
    what: `Filter that matches none of ${MANY}, against ${FEW}`,
    ours: `${ours.toFixed(0)} ms`,
    baseline: `${baseline.toFixed(0)} ms`,
    ratio: ours / baseline,
    limit: 'every record is read, parsed and put to the filter; the event loop is free in between',
  }
}

async function memory(world: World): Promise<Row> {
  const worker = await world.worker()
  try {
    await sleep(SETTLE_MS)
    const [api, own] = [world.api.pid(), worker.pid()].map(residentMegabytes)
    return {
      what: `Memory with ${MANY} stored`,
      ours: `API ${api?.toFixed(0)} MB, worker ${own?.toFixed(0)} MB, Redis ${(await world.redisMegabytes()).toFixed(0)} MB`,
      limit: 'Redis holds everything; the processes keep pages and answers within fixed bounds',
    }
  } finally {
    await worker.dispose()
  }
}
