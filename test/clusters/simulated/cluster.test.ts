import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster, KubernetesObject, WatchEvent } from '../../../src/clusters/cluster.ts'
import { createSimulatedCluster } from '../../../src/clusters/simulated/cluster.ts'
import { createSimulatedClusters, type SimulatedClusters } from '../../../src/clusters/simulated/simulated-clusters.ts'
import { createWatchHub } from '../../../src/clusters/simulated/watch-hub.ts'
import { eventually } from '../../harness/eventually.ts'
import { createTestStore, plainConnection, silentLog, type TestStore } from '../../harness/redis.ts'

let testStore: TestStore
let clusters: SimulatedClusters
let cluster: Cluster

beforeAll(async () => {
  testStore = await createTestStore()
  clusters = createSimulatedClusters({ store: testStore.store, log: silentLog() })
  await clusters.initialise('o-1')
  cluster = clusters.open('o-1')
})
afterAll(() => testStore.stop())

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' }
const configMap = (name: string, data: Record<string, string>): KubernetesObject => ({
  ...CONFIG_MAP,
  metadata: { name, namespace: 'default' },
  data,
})

describe('field managers', () => {
  const another = () =>
    createSimulatedCluster({
      oCloudId: 'o-1',
      store: testStore.store,
      hub: createWatchHub(testStore.store),
      fieldManager: 'kubectl',
    })

  test('a field of another manager is a conflict that names it, unless forced; its other fields stay', async () => {
    await another().apply(configMap('shared', { theirs: '1', both: '1' }))
    await expect(cluster.apply(configMap('shared', { both: '2' }))).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'ConfigMap "shared" in namespace "default": "kubectl" owns .data.both',
    })
    const forced = await cluster.apply(configMap('shared', { both: '2' }), { force: true })
    expect(forced.data).toEqual({ theirs: '1', both: '2' })
    const released = await cluster.apply(configMap('shared', {}))
    expect(released.data).toEqual({ theirs: '1' })
  })
})

describe('Secrets', () => {
  const marker = `marked-${randomBytes(12).toString('hex')}`
  const secret = (name: string, field: 'data' | 'stringData'): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'default', annotations: { note: `${marker}-annotation` } },
    [field]: { key: field === 'data' ? Buffer.from(marker).toString('base64') : marker },
  })

  test('stringData becomes data, and the same again changes nothing', async () => {
    const made = await cluster.apply(secret('text', 'stringData'))
    expect(made).toMatchObject({ type: 'Opaque', data: { key: Buffer.from(marker).toString('base64') } })
    expect(made.stringData).toBeUndefined()
    expect((await cluster.apply(secret('text', 'stringData'))).metadata.resourceVersion).toBe(
      made.metadata.resourceVersion,
    )
  })

  test('nothing of a Secret is found in any key or value of Redis, while written, watched, refused or deleted', async () => {
    const seen: WatchEvent[] = []
    const abort = new AbortController()
    const watching = (async () => {
      for await (const event of cluster.watch({ apiVersion: 'v1', kind: 'Secret' }, {}, abort.signal)) seen.push(event)
    })().catch((error: unknown) => error)
    await cluster.apply(secret('one', 'stringData'))
    await cluster.apply(secret('two', 'data'))
    await cluster.delete({ apiVersion: 'v1', kind: 'Secret', namespace: 'default', name: 'two' })
    const wrong = { ...secret('wrong', 'stringData'), extra: marker }
    const refused = await cluster.apply(wrong).catch((error: unknown) => error)
    expect(String(refused)).toContain('.extra: field not declared in schema')
    expect(String(refused)).not.toContain(marker)
    await eventually(() =>
      expect(seen.at(-1)).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'two' } } }),
    )
    abort.abort()
    await watching

    const redis = plainConnection(testStore.redis)
    try {
      const dump = await everything(redis)
      // The scan does see what is not secret.
      expect(dump).toContain('node-0')
      expect(dump).not.toContain(marker)
      expect(dump).not.toContain(Buffer.from(marker).toString('base64'))
    } finally {
      redis.disconnect()
    }
  })
})

describe('clusters come and go', () => {
  test('a new one has three Ready nodes of 16 CPU and 64Gi; made again, it stays as it is', async () => {
    await clusters.initialise('o-2')
    const open = clusters.open('o-2')
    const nodes = await open.list({ apiVersion: 'v1', kind: 'Node' })
    expect(nodes.map(({ status }) => status?.allocatable)).toEqual(
      Array(3).fill({ cpu: '16', memory: '64Gi', pods: expect.any(String) }),
    )
    expect(await open.version()).toBe('v1.33.0+simulated')
    await open.delete({ apiVersion: 'v1', kind: 'Node', name: 'node-2' })
    await clusters.initialise('o-2')
    expect(await open.list({ apiVersion: 'v1', kind: 'Node' })).toHaveLength(2)
  })

  test('made by several processes at once, it is made once, and what the server wrote is owned by none of them', async () => {
    await Promise.all(Array.from({ length: 5 }, () => clusters.initialise('o-3')))
    const open = clusters.open('o-3')
    const nodes = await open.list({ apiVersion: 'v1', kind: 'Node' })
    expect(nodes).toHaveLength(3)
    for (const { apiVersion, kind, metadata } of nodes) {
      const { name, uid, creationTimestamp } = metadata
      const applied = await open.apply({ apiVersion, kind, metadata: { name } }, { force: true })
      expect(applied.metadata).toMatchObject({ uid, creationTimestamp })
    }
  })

  test('a destroyed one leaves no key, and is not reachable', async () => {
    await clusters.initialise('o-4')
    await clusters.destroy('o-4')
    await clusters.destroy('o-4')
    const redis = plainConnection(testStore.redis)
    try {
      expect(await redis.keys('*o-4*')).toEqual([])
    } finally {
      redis.disconnect()
    }
    const gone = clusters.open('o-4')
    for (const call of [
      () => gone.version(),
      () => gone.list(CONFIG_MAP),
      () => gone.get({ ...CONFIG_MAP, namespace: 'default', name: 'a' }),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    }
  })

  test('a watch outlives an outage of Redis, and lists again what it may have missed', async () => {
    const events: WatchEvent[] = []
    const abort = new AbortController()
    const watching = (async () => {
      const selection = { namespace: 'default', name: 'outage' }
      for await (const event of cluster.watch(CONFIG_MAP, selection, abort.signal)) events.push(event)
    })().catch((error: unknown) => error)
    await eventually(() => expect(events.at(-1)).toEqual({ type: 'SYNCED' }))
    await testStore.redis.restart()
    await eventually(() => cluster.version().then(() => undefined), 10_000)
    await eventually(async () => {
      await cluster.apply(configMap('outage', { a: '1' }))
    }, 10_000)
    await eventually(
      () => expect(events.some((event) => 'object' in event && event.object.metadata.name === 'outage')).toBe(true),
      10_000,
    )
    abort.abort()
    await watching
  })
})

async function everything(redis: Redis): Promise<string> {
  const parts: string[] = []
  for (const key of await redis.keys('*')) {
    parts.push(key)
    const type = await redis.type(key)
    if (type === 'string') parts.push(String(await redis.get(key)))
    else if (type === 'hash') parts.push(JSON.stringify(await redis.hgetall(key)))
    else if (type === 'set') parts.push(...(await redis.smembers(key)))
    else if (type === 'zset') parts.push(...(await redis.zrange(key, '0', '-1')))
    else if (type === 'stream') parts.push(JSON.stringify(await redis.xrange(key, '-', '+')))
    else throw new Error(`${key} is a ${type}`)
  }
  return parts.join('\n')
}
