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
import { startBare } from './bare.ts'
import { load } from './load.ts'
import { inTurn, median, type Row } from './row.ts'

const SIZES = (process.env.SIZES ?? '1000,10000,100000').split(',').map(Number)
const SECONDS = 0.4
const ROUNDS = 3
const CLIENTS = 8
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
async function bareWith(body: string): Promise<{ url: string; end(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'o2ims-bench-'))
  const BYTES = join(folder, 'bytes')
  writeFileSync(BYTES, body)
  const bare = await startBare('bare-server.ts', { BYTES })
  return {
    url: bare.url,
    async end() {
      await bare.end()
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
  for (let round = 0; round < 3; round += 1) {
    await store.collection(collection).update(id, () => ({ value, alongside: { indexes } }))
    const asked = performance.now()
    await (await fetch(url)).arrayBuffer()
    times.push(performance.now() - asked)
  }
  return median(times)
}

const LISTS = [
  { list: 'plain', query: '' },
  { list: 'by an index', query: `?filter=(eq,resourceTypeId,${uuid(2, 3)})` },
  { list: 'nested, 1 in 4 matches', query: '?filter=(eq,extensions/rack/row,row-2)' },
  { list: 'nested, none matches', query: '?filter=(eq,extensions/rack/row,nowhere)' },
  { list: 'ordering, none matches', query: '?filter=(gt,extensions/rack/unit,1000)' },
]

const LIMITS = {
  index: 'one question to Redis whether the page is still true; after a write two trips to Redis for the page',
  walk: 'the same; after a write a walk through the records of the pool until the page is full',
}

/**
 * Lists of resources of about 1 KB, plain, by an index and by a nested extension; each beside a bare Fastify route that answers the same bytes. While nothing is written a
 * page is kept and sent again; any write to a resource voids all pages, and then they are read anew, once for all who ask meanwhile. SIZES makes it shorter.
 */
export async function lists(): Promise<Row[]> {
  const { store, redis, key, stop } = await createTestStore()
  const env = { LOAD_SAMPLES: 'false', LOG_LEVEL: 'warn' }
  const server = await startServer({ roles: 'api', redisUrl: redis.url, encryptionKey: key, env })
  const rows: Row[] = []
  try {
    const resources = `${server.url}${INVENTORY_BASE}/resourcePools/${POOL}/resources`
    let filled = 0
    for (const records of SIZES) {
      await fill(store, filled, records)
      filled = records
      for (const { list, query } of LISTS)
        rows.push(await measured(store, resources + query, `${list}, ${records} records`))
    }
  } finally {
    await server.dispose()
    await store.close()
    await stop()
  }
  return rows
}

async function measured(store: Store, url: string, what: string): Promise<Row> {
  const bare = await bareWith(await (await fetch(url)).text())
  try {
    const rate = (asked: string) => async () => (await load(asked, CLIENTS, SECONDS)).rate
    const figures = await inTurn(ROUNDS, rate(url), rate(bare.url))
    let written = 0
    await whileWritten(store, async () => {
      written = await rate(url)()
    })
    const afterWrite = await anew(store, url)
    return {
      what,
      ours: `${figures.ours.toFixed(0)} /s; while written to ${written.toFixed(0)} /s; after a write ${afterWrite.toFixed(1)} ms`,
      baseline: `${figures.baseline.toFixed(0)} /s`,
      ratio: figures.ratio,
      limit: LIMITS[LISTS.findIndex(({ list }) => what.startsWith(list)) < 2 ? 'index' : 'walk'],
    }
  } finally {
    await bare.end()
  }
}
