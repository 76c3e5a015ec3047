import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createKubernetesCluster } from '../../src/clusters/kubernetes/cluster.ts'
import { createOCloudRegistry } from '../../src/clusters/registry.ts'
import { createSimulatedClusters } from '../../src/clusters/simulated/simulated-clusters.ts'
import type { JsonObject } from '../../src/json.ts'
import type { Store } from '../../src/store/store.ts'
import { needs } from '../harness/needs.ts'
import { createTestStore, plainConnection, silentLog, type TestStore } from '../harness/redis.ts'

const TOKEN = 'marked-token-5f2c'
/** Points to a port where nobody listens. */
const kubeconfig = (server = 'https://127.0.0.1:1', token = TOKEN) => `apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: { server: '${server}' } }]
contexts: [{ name: c, context: { cluster: c, user: u } }]
current-context: c
users: [{ name: u, user: { token: ${token} } }]
`
const MADE_BY = { provisioningRequestId: 'r-1', reference: '0b0f3a52-3f0e-4a55-8f6c-7a1f0c8d2e11', step: 'cluster' }

describe('the O-Cloud registry', needs('redis'), () => {
  let redis: TestStore
  const closing: (() => Promise<void>)[] = []
  let connected: string[]

  beforeEach(async () => {
    connected = []
    redis = await createTestStore()
  })
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
    await redis.stop()
  })

  function registryOn(store: Store) {
    const log = silentLog()
    const simulated = createSimulatedClusters({ store, log })
    const registry = createOCloudRegistry({
      store,
      simulated,
      connect: (oCloud) => {
        connected.push(oCloud.kubeconfig)
        return createKubernetesCluster({ ...oCloud, log })
      },
      log,
      statusCacheSeconds: 60,
    })
    closing.push(() => registry.close())
    return registry
  }
  const refused = (code: string, message = '') =>
    expect.objectContaining({ code, message: expect.stringContaining(message) })
  /** Stands in for a provisioning request: what matters here is that it exists and what it names. */
  const requests = () => redis.store.collection<JsonObject>('provisioningRequest')

  test('a kubeconfig goes in and does not come out', async () => {
    const registry = registryOn(redis.store)
    const { value } = await registry.create({
      name: 'edge-1',
      description: 'd',
      location: { name: 'x' },
      labels: { a: 'b' },
      kubeconfig: kubeconfig(),
    })
    expect(value).toEqual({
      oCloudId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: 'edge-1',
      description: 'd',
      location: { name: 'x' },
      labels: { a: 'b' },
      simulated: false,
      managed: false,
      createdAt: expect.any(String),
    })
    expect((await registry.get(value.oCloudId)).value).toEqual(value)
    expect((await registry.list({ limit: 10 })).items.map((item) => item.value)).toEqual([value])
    await expect(registry.kubeconfig(value.oCloudId)).rejects.toEqual(refused('FORBIDDEN'))
    const status = await registry.status(value.oCloudId)
    expect(status).toMatchObject({ reachable: false, message: expect.any(String) })
    expect(JSON.stringify(status)).not.toContain(TOKEN)
  })

  test('nothing of a kubeconfig can be read in Redis', async () => {
    const registry = registryOn(redis.store)
    const { value } = await registry.create({ name: 'edge-1', kubeconfig: kubeconfig() })
    await registry.replace(value.oCloudId, { name: 'edge-1', kubeconfig: kubeconfig('https://127.0.0.1:2') })
    await registry.registerManaged({ name: 'made', kubeconfig: kubeconfig(), madeBy: MADE_BY })
    const plain = plainConnection(redis.redis)
    try {
      const keys = await plain.keys('*')
      const dumps = await Promise.all(keys.map((key) => plain.dumpBuffer(key)))
      expect(keys.length).toBeGreaterThan(0)
      for (const dump of dumps) expect(dump.includes(TOKEN) || dump.includes('127.0.0.1')).toBe(false)
    } finally {
      plain.disconnect()
    }
  })

  test('what cannot be used is refused and leaves nothing', async () => {
    const registry = registryOn(redis.store)
    const exec = kubeconfig().replace(
      `token: ${TOKEN}`,
      'exec: { command: id, apiVersion: client.authentication.k8s.io/v1 }',
    )
    for (const bad of ['', 'nonsense', '{}', exec]) {
      await expect(registry.create({ name: 'edge-1', kubeconfig: bad })).rejects.toEqual(refused('INVALID_KUBECONFIG'))
    }
    await expect(registry.create({ name: 'edge-1' })).rejects.toEqual(refused('INVALID_ARGS'))
    await expect(registry.create({ name: 'edge-1', simulated: true, kubeconfig: kubeconfig() })).rejects.toEqual(
      refused('INVALID_ARGS'),
    )
    await expect(registry.create({ name: MADE_BY.reference, simulated: true })).rejects.toEqual(
      refused('INVALID_ARGS', 'look like an id'),
    )
    expect((await registry.list({ limit: 10 })).items).toEqual([])
  })

  test('names are unique, among processes too', async () => {
    const other = await redis.another()
    closing.push(() => other.close())
    const [here, there] = [registryOn(redis.store), registryOn(other)]
    const results = await Promise.allSettled(
      [here, there, here].map((registry) => registry.create({ name: 'edge-1', simulated: true })),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results) {
      if (result.status === 'rejected')
        expect(result.reason).toMatchObject({ code: 'ALREADY_EXISTS', fields: [{ pointer: '/name' }] })
    }
    const second = await here.create({ name: 'edge-2', simulated: true })
    await expect(there.replace(second.value.oCloudId, { name: 'edge-1' })).rejects.toEqual(refused('ALREADY_EXISTS'))
    await here.replace(second.value.oCloudId, { name: 'edge-3' })
    expect(await there.resolve('edge-2')).toBeUndefined()
    expect(await there.resolve('edge-3')).toBe(second.value.oCloudId)
    expect(await there.resolve(second.value.oCloudId)).toBe(second.value.oCloudId)
  })

  test('a replacement keeps the kubeconfig unless it brings one, and what it leaves out goes', async () => {
    const registry = registryOn(redis.store)
    const { value, n } = await registry.create({
      name: 'edge-1',
      description: 'd',
      labels: { a: 'b' },
      kubeconfig: kubeconfig(),
    })
    const replaced = await registry.replace(value.oCloudId, { name: 'edge-1' }, n)
    expect(replaced.value).toEqual({ ...value, labels: {}, description: undefined })
    await registry.open(value.oCloudId)
    expect(connected).toEqual([kubeconfig()])
    await expect(registry.replace(value.oCloudId, { name: 'edge-1' }, n)).rejects.toEqual(
      refused('PRECONDITION_FAILED'),
    )
    await expect(registry.replace(value.oCloudId, { name: 'edge-1', simulated: true })).rejects.toEqual(
      refused('IMMUTABLE'),
    )
    await expect(registry.replace(value.oCloudId, { name: 'edge-1', kubeconfig: 'nonsense' })).rejects.toEqual(
      refused('INVALID_KUBECONFIG'),
    )
    await expect(registry.replace('nowhere', { name: 'x' })).rejects.toEqual(refused('NOT_FOUND'))
  })

  test('a connection is opened once, and anew when another process changed the kubeconfig', async () => {
    const other = await redis.another()
    closing.push(() => other.close())
    const [here, there] = [registryOn(redis.store), registryOn(other)]
    const { oCloudId } = (await here.create({ name: 'edge-1', kubeconfig: kubeconfig() })).value
    const first = await here.open(oCloudId)
    expect(await here.open(oCloudId)).toBe(first)
    await there.replace(oCloudId, { name: 'renamed' })
    expect(await here.open(oCloudId)).toBe(first)
    await there.replace(oCloudId, { name: 'renamed', kubeconfig: kubeconfig('https://127.0.0.1:2') })
    expect(await here.open(oCloudId)).not.toBe(first)
    expect(connected).toEqual([kubeconfig(), kubeconfig('https://127.0.0.1:2')])
    await there.remove(oCloudId)
    await expect(here.open(oCloudId)).rejects.toEqual(refused('NOT_FOUND'))
  })

  test('one that a request names stays', async () => {
    const registry = registryOn(redis.store)
    const { value, n } = await registry.create({ name: 'edge-1', simulated: true })
    await requests().create('r-1', {}, { references: [{ collection: 'ocloud', id: value.oCloudId }] })
    await expect(registry.remove(value.oCloudId)).rejects.toEqual(refused('IN_USE', 'provisioningRequest r-1'))
    await requests().remove('r-1')
    await expect(registry.remove(value.oCloudId, n + 1)).rejects.toEqual(refused('PRECONDITION_FAILED'))
    await registry.remove(value.oCloudId, n)
    await expect(registry.get(value.oCloudId)).rejects.toEqual(refused('NOT_FOUND'))
    await expect(registry.remove(value.oCloudId)).rejects.toEqual(refused('NOT_FOUND'))
  })

  describe('a simulated O-Cloud', () => {
    test('has three nodes of 16 CPU and 64Gi', async () => {
      const registry = registryOn(redis.store)
      const { value } = await registry.create({ name: 'sim', simulated: true })
      const status = await registry.status(value.oCloudId)
      expect(status).toMatchObject({ reachable: true, nodes: 3, version: expect.stringMatching(/^v1\./) })
      expect(status.capacity).toMatchObject({ cpu: '48', memory: '192Gi', pods: expect.any(String) })
      expect(status.allocatable).toMatchObject({ cpu: '48', memory: '192Gi' })
    })

    test('whose making was cut off after the record has its nodes when it is opened', async () => {
      const log = silentLog()
      const simulated = createSimulatedClusters({ store: redis.store, log })
      const dying = createOCloudRegistry({
        store: redis.store,
        simulated: { ...simulated, initialise: () => Promise.reject(new Error('killed')) },
        connect: () => Promise.reject(new Error('nothing is real here')),
        log,
        statusCacheSeconds: 60,
      })
      await expect(dying.create({ name: 'sim', simulated: true })).rejects.toThrow('killed')
      const registry = registryOn(redis.store)
      const oCloudId = (await registry.resolve('sim')) ?? ''
      expect(await registry.status(oCloudId)).toMatchObject({ reachable: true, nodes: 3 })
    })

    const keysOf = async (oCloudId: string) => {
      const plain = plainConnection(redis.redis)
      try {
        return (await plain.keys('*')).filter((key) => key.includes(oCloudId))
      } finally {
        plain.disconnect()
      }
    }

    test('leaves nothing behind when it is removed', async () => {
      const registry = registryOn(redis.store)
      const { oCloudId } = (await registry.create({ name: 'sim', simulated: true })).value
      await registry.status(oCloudId)
      expect(await keysOf(oCloudId)).not.toEqual([])
      await registry.remove(oCloudId)
      expect(await keysOf(oCloudId)).toEqual([])
    })

    test('whose removal was cut off after the record is gone for good when that is tried again', async () => {
      const log = silentLog()
      const simulated = createSimulatedClusters({ store: redis.store, log })
      const dying = createOCloudRegistry({
        store: redis.store,
        simulated: { ...simulated, destroy: () => Promise.reject(new Error('killed')) },
        connect: () => Promise.reject(new Error('nothing is real here')),
        log,
        statusCacheSeconds: 60,
      })
      const { oCloudId } = (await dying.create({ name: 'sim', simulated: true })).value
      const made = await dying.registerManaged({ name: 'made', madeBy: MADE_BY })
      await expect(dying.remove(oCloudId)).rejects.toThrow('killed')
      await expect(dying.unregister(made)).rejects.toThrow('killed')
      const registry = registryOn(redis.store)
      await expect(registry.remove(oCloudId)).rejects.toEqual(refused('NOT_FOUND'))
      await registry.unregister(made)
      expect([...(await keysOf(oCloudId)), ...(await keysOf(made))]).toEqual([])
    })

    test('that a step made has the nodes that the step asked for', async () => {
      const { lifecycle } = createSimulatedClusters({ store: redis.store, log: silentLog(), delays: { createMs: 0 } })
      await lifecycle.create({ name: 'made', workers: 1, portMappings: [] }, { reference: MADE_BY.reference })
      const registry = registryOn(redis.store)
      const oCloudId = await registry.registerManaged({ name: 'made', madeBy: MADE_BY })
      expect(await registry.status(oCloudId)).toMatchObject({ reachable: true, nodes: 2 })
    })
  })

  describe('the status', () => {
    test('is asked once for everybody, and again after a new kubeconfig', async () => {
      const registry = registryOn(redis.store)
      const { oCloudId } = (await registry.create({ name: 'edge-1', kubeconfig: kubeconfig() })).value
      const statuses = await Promise.all(Array.from({ length: 20 }, () => registry.status(oCloudId)))
      expect(new Set(statuses).size).toBe(1)
      expect(await registry.status(oCloudId)).toBe(statuses[0])
      await registry.replace(oCloudId, { name: 'edge-1', kubeconfig: kubeconfig('https://127.0.0.1:2') })
      expect(await registry.status(oCloudId)).not.toBe(statuses[0])
    })

    test('of an O-Cloud that is not there is NOT_FOUND', async () => {
      await expect(registryOn(redis.store).status('nowhere')).rejects.toEqual(refused('NOT_FOUND'))
    })
  })

  describe('a cluster that a request made', () => {
    test('is registered once for its step, by several processes at once too', async () => {
      const other = await redis.another()
      closing.push(() => other.close())
      const registries = [registryOn(redis.store), registryOn(other)]
      const made = { name: 'made', kubeconfig: kubeconfig(), madeBy: MADE_BY }
      const ids = await Promise.all([...registries, ...registries].map((registry) => registry.registerManaged(made)))
      expect(new Set(ids).size).toBe(1)
      expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect((await registries[0]?.list({ limit: 10 }))?.items).toHaveLength(1)
      const elsewhere = { ...made, name: 'made-2', madeBy: { ...MADE_BY, step: 'second' } }
      expect(await registries[0]?.registerManaged(elsewhere)).not.toBe(ids[0])
    })

    test('gives its kubeconfig, the newest', async () => {
      const registry = registryOn(redis.store)
      const oCloudId = await registry.registerManaged({ name: 'made', kubeconfig: kubeconfig(), madeBy: MADE_BY })
      const { n } = await registry.get(oCloudId)
      await registry.registerManaged({ name: 'made', kubeconfig: kubeconfig(), madeBy: MADE_BY })
      expect((await registry.get(oCloudId)).n).toBe(n)
      const newer = kubeconfig('https://127.0.0.1:2')
      expect(await registry.registerManaged({ name: 'made', kubeconfig: newer, madeBy: MADE_BY })).toBe(oCloudId)
      expect(await registry.kubeconfig(oCloudId)).toBe(newer)
      expect((await registry.get(oCloudId)).value).toMatchObject({ managed: true, simulated: false, madeBy: MADE_BY })
    })

    test('without a kubeconfig is simulated; registering it again without one changes nothing', async () => {
      const registry = registryOn(redis.store)
      const simulated = await registry.registerManaged({ name: 'sim', madeBy: MADE_BY })
      expect((await registry.get(simulated)).value).toMatchObject({ managed: true, simulated: true })
      expect(await registry.status(simulated)).toMatchObject({ reachable: true })
      await expect(registry.kubeconfig(simulated)).rejects.toEqual(refused('NOT_FOUND'))
      const madeBy = { ...MADE_BY, step: 'real' }
      const real = await registry.registerManaged({ name: 'real', kubeconfig: kubeconfig(), madeBy })
      await registry.registerManaged({ name: 'real', madeBy })
      expect(await registry.kubeconfig(real)).toBe(kubeconfig())
    })

    test('whose name is taken is a CONFLICT that says so', async () => {
      const registry = registryOn(redis.store)
      await registry.create({ name: 'made', simulated: true })
      await expect(
        registry.registerManaged({ name: 'made', kubeconfig: kubeconfig(), madeBy: MADE_BY }),
      ).rejects.toEqual(refused('CONFLICT', 'another O-Cloud is called made'))
    })

    test('is removed by its request and not by DELETE, as long as there is that request', async () => {
      const registry = registryOn(redis.store)
      await requests().create('r-1', { reference: MADE_BY.reference })
      const oCloudId = await registry.registerManaged({ name: 'made', kubeconfig: kubeconfig(), madeBy: MADE_BY })
      await expect(registry.remove(oCloudId)).rejects.toEqual(refused('IN_USE', 'provisioningRequest r-1'))
      await requests().create('r-2', {}, { references: [{ collection: 'ocloud', id: oCloudId }] })
      await expect(registry.unregister(oCloudId)).rejects.toEqual(refused('IN_USE', 'provisioningRequest r-2'))
      await requests().remove('r-2')
      await registry.unregister(oCloudId)
      await registry.unregister(oCloudId)
      await expect(registry.get(oCloudId)).rejects.toEqual(refused('NOT_FOUND'))
    })

    test("may be removed once another request has taken its maker's id", async () => {
      const registry = registryOn(redis.store)
      await requests().create('r-1', { reference: 'another' })
      const oCloudId = await registry.registerManaged({ name: 'made', kubeconfig: kubeconfig(), madeBy: MADE_BY })
      await registry.remove(oCloudId)
      expect(await registry.resolve('made')).toBeUndefined()
    })

    test('is never what somebody registered', async () => {
      const registry = registryOn(redis.store)
      const { value } = await registry.create({ name: 'edge-1', simulated: true })
      await expect(registry.unregister(value.oCloudId)).rejects.toEqual(refused('FORBIDDEN'))
    })
  })
})
