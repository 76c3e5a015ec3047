import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { INVENTORY_BASE } from '../src/inventory/api.ts'
import { recordOf } from '../src/inventory/records.ts'
import type { ResourceInfo } from '../src/inventory/schema.ts'
import type { Store } from '../src/store/store.ts'
import { createTestStore } from '../test/harness/redis.ts'
import { startServer } from '../test/harness/server.ts'
import { type Figures, load, meanwhile } from './load.ts'
import { createMonitor } from './measured-process.ts'

/**
 * Lists of resources of about 1 KB, plain, by an index and by a nested extension, for 1 and 8 clients; each beside a bare Fastify route that answers the same bytes.
 * While nothing is written a page is kept and sent again. Any write to a resource voids all pages: the rows with writes say what reading them anew costs, shared by those who ask meanwhile.
 * SIZES and SECONDS (for each figure) make it shorter.
 */
const SIZES = (process.env.SIZES ?? '1000,10000,100000').split(',').map(Number)
const SECONDS = Number(process.env.SECONDS ?? 3)
const CLIENTS = [1, 8]
const POOL = '3f0a52d7-4a0e-5c0e-9f55-0d6f5c1f9a10'
const TYPES = 8
const AT_ONCE = 200
const WRITE_EVERY_MS = 10

const uuid = (kind: number, n: number): string =>
  `${kind.toString(16).padStart(8, '0')}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`

function resource(n: number): ResourceInfo {
  return {
    resourceId: uuid(1, n),
    resourcePoolId: POOL,
    resourceTypeId: uuid(2, n % TYPES),
    description: `node-${n} of a large pool`,
    tags: ['kubernetes.io/arch=amd64', 'kubernetes.io/os=linux', `kubernetes.io/hostname=node-${n}`],
    groups: ['worker'],
    extensions: {
      rack: { row: `row-${n % 4}`, unit: n % 42, serial: `S${n}` },
      status: { ready: true, kubeletVersion: 'v1.33.13', osImage: 'Debian GNU/Linux 12 (bookworm)' },
      capacity: { cpu: '16', memory: '64Gi', pods: '110', 'ephemeral-storage': '200Gi', 'hugepages-1Gi': '0' },
      notes: `${'all is well here. '.repeat(20)}${n}`,
    },
  }
}

async function fill(store: Store, from: number, to: number): Promise<void> {
  const pool = recordOf('inventoryResourcePool', {
    resourcePoolId: POOL,
    oCloudId: uuid(3, 0),
    globalLocationId: 'here',
    name: 'large',
    oCloudSiteId: uuid(4, 0),
    description: 'for measurements',
  })
  if (from === 0) await store.collection(pool.collection).create(pool.id, pool.value, { indexes: pool.indexes })
  for (let n = from; n < to; n += AT_ONCE) {
    const records = Array.from({ length: Math.min(AT_ONCE, to - n) }, (_, i) =>
      recordOf('inventoryResource', resource(n + i)),
    )
    await Promise.all(
      records.map(({ collection, id, value, indexes }) => store.collection(collection).create(id, value, { indexes })),
    )
  }
}

/** A bare route that answers these bytes, in a process of its own. */
async function bare(body: string): Promise<{ url: string; end: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'o2ims-bench-'))
  const BYTES = join(folder, 'bytes')
  writeFileSync(BYTES, body)
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, 'bare-server.ts')], {
    env: { ...process.env, BYTES },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [port] = child.stdout ? await once(child.stdout, 'data') : []
  return {
    url: `http://127.0.0.1:${String(port).trim()}/`,
    end() {
      child.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Writes one of the resources anew, again and again, while the work goes on. */
async function whileWritten(store: Store, work: () => Promise<void>): Promise<void> {
  const { collection, id, value, indexes } = recordOf('inventoryResource', resource(0))
  let over = false
  const writing = (async () => {
    while (!over) {
      await store.collection(collection).update(id, () => ({ value, alongside: { indexes } }))
      await sleep(WRITE_EVERY_MS)
    }
  })()
  try {
    await work()
  } finally {
    over = true
    await writing
  }
}

/** The median time of a page that no one has asked for since something was written. */
async function anew(store: Store, url: string): Promise<number> {
  const times: number[] = []
  const { collection, id, value, indexes } = recordOf('inventoryResource', resource(0))
  for (let round = 0; round < 5; round += 1) {
    await store.collection(collection).update(id, () => ({ value, alongside: { indexes } }))
    const asked = performance.now()
    await (await fetch(url)).arrayBuffer()
    times.push(performance.now() - asked)
  }
  return times.sort((a, b) => a - b)[2] ?? 0
}

interface Row {
  records: number
  list: string
  clients: number
  written: boolean
  anewMs: number
  ours: Figures
  bareRate: number
  oneMs: number
  memoryMb: number
  longestMs: number
}

const LISTS = [
  { list: 'plain', query: '' },
  { list: 'by an index', query: `?filter=(eq,resourceTypeId,${uuid(2, 3)})` },
  { list: 'nested, 1 in 4 matches', query: '?filter=(eq,extensions/rack/row,row-2)' },
  { list: 'nested, none matches', query: '?filter=(eq,extensions/rack/row,nowhere)' },
  { list: 'ordering, none matches', query: '?filter=(gt,extensions/rack/unit,1000)' },
]

const { store, redis, key, stop } = await createTestStore()
const monitor = createMonitor()
const server = await startServer({
  roles: 'api',
  redisUrl: redis.url,
  encryptionKey: key,
  env: { ...monitor.env, LOAD_SAMPLES: 'false', LOG_LEVEL: 'warn' },
})
const rows: Row[] = []
try {
  const resources = `${server.url}${INVENTORY_BASE}/resourcePools/${POOL}/resources`
  const idle = (await monitor.ask(server.pid())).mostBytes
  let filled = 0
  for (const records of SIZES) {
    await fill(store, filled, records)
    filled = records
    for (const { list, query } of LISTS) {
      const body = await (await fetch(resources + query)).text()
      const anewMs = await anew(store, resources + query)
      const baseline = await bare(body)
      for (const clients of CLIENTS) {
        const { rate: bareRate } = await load(baseline.url, clients, SECONDS)
        for (const written of [false, true]) {
          await monitor.ask(server.pid())
          let ours: Figures = { rate: 0, median: 0, slowest: 0 }
          const asking = async () => {
            ours = await load(resources + query, clients, SECONDS)
          }
          const oneMs = await meanwhile(`${resources}/${uuid(1, 7)}`, () =>
            written ? whileWritten(store, asking) : asking(),
          )
          const { mostBytes, longestMs } = await monitor.ask(server.pid())
          const memoryMb = (mostBytes - idle) / 1e6
          rows.push({ records, list, clients, written, anewMs, ours, bareRate, oneMs, memoryMb, longestMs })
          process.stderr.write('.')
        }
      }
      baseline.end()
    }
  }
} finally {
  await server.dispose()
  monitor.remove()
  await stop()
}

process.stdout.write(
  `\n${[
    '| Records | List (a page of 100) | Anew, ms | Clients | Writes | Pages a second | Bare route | Ratio | Median ms | Slowest ms | GET of one, slowest ms | Memory above idle, MB | Event loop held, ms |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows.map(({ records, list, clients, written, anewMs, ours, bareRate, oneMs, memoryMb, longestMs }) => {
      const figures = [ours.rate, bareRate].map((figure) => figure.toFixed(0))
      const more = [ours.median, ours.slowest, oneMs, memoryMb, longestMs].map((figure) => figure.toFixed(1))
      return `| ${[records, list, anewMs.toFixed(1), clients, written ? `one each ${WRITE_EVERY_MS} ms` : 'none', ...figures, (ours.rate / bareRate).toFixed(2), ...more].join(' | ')} |`
    }),
  ].join('\n')}\n`,
)
