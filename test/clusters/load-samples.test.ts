import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadOCloudSamples } from '../../src/clusters/load-samples.ts'
import { createOCloudRegistry } from '../../src/clusters/registry.ts'
import type { OCloudRegistry } from '../../src/clusters/registry-types.ts'
import { createSimulatedClusters } from '../../src/clusters/simulated/simulated-clusters.ts'
import type { JsonObject } from '../../src/json.ts'
import type { Store } from '../../src/store/store.ts'
import { needs } from '../harness/needs.ts'
import { createTestStore, type TestStore } from '../harness/redis.ts'

const SAMPLES = join(import.meta.dirname, '../../samples/oclouds')

describe('the sample O-Clouds', needs('redis'), () => {
  let redis: TestStore
  let directory: string
  let logged: JsonObject[]
  const log = pino({ level: 'warn' }, { write: (line: string) => logged.push(JSON.parse(line)) })

  beforeEach(async () => {
    logged = []
    directory = await mkdtemp(join(tmpdir(), 'o2ims-samples-'))
    redis = await createTestStore()
  })
  afterEach(async () => {
    await redis.stop()
    await rm(directory, { recursive: true, force: true })
  })

  function registryOn(store: Store): OCloudRegistry {
    const connect = () => Promise.reject(new Error('nothing is real here'))
    return createOCloudRegistry({
      store,
      simulated: createSimulatedClusters({ store, log }),
      connect,
      log,
      statusCacheSeconds: 60,
    })
  }
  const namesIn = async (registry: OCloudRegistry) =>
    (await registry.list({ limit: 10 })).items.map(({ value }) => value.name)

  test('are registered once, by several processes at once, and can be reached', async () => {
    const other = await redis.another()
    try {
      const registries = [redis.store, redis.store, other].map(registryOn)
      await Promise.all(registries.map((registry) => loadOCloudSamples({ registry, directory: SAMPLES, log })))
    } finally {
      await other.close()
    }
    const registry = registryOn(redis.store)
    expect((await namesIn(registry)).sort()).toEqual(['sim-edge-1', 'sim-edge-2'])
    const oCloudId = (await registry.resolve('sim-edge-1')) ?? ''
    expect((await registry.get(oCloudId)).value).toMatchObject({
      simulated: true,
      location: { name: 'Hsinchu' },
      labels: { environment: 'edge' },
    })
    expect(await registry.status(oCloudId)).toMatchObject({ reachable: true, nodes: 3 })
    expect(logged).toEqual([])
  })

  test('leave alone what has the name already', async () => {
    const registry = registryOn(redis.store)
    const { value, n } = await registry.create({ name: 'sim-edge-1', description: 'mine', simulated: true })
    await loadOCloudSamples({ registry, directory: SAMPLES, log })
    expect(await registry.get(value.oCloudId)).toEqual({ value, n })
  })

  test('files that are none are warnings, and the others are registered', async () => {
    await writeFile(join(directory, 'a.yaml'), 'name: [')
    await writeFile(join(directory, 'b.yaml'), 'name: no-kind')
    await writeFile(join(directory, 'c.yaml'), 'name: bad-kubeconfig\nkubeconfig: nonsense')
    await writeFile(join(directory, 'd.yaml'), 'name: good\nsimulated: true')
    const registry = registryOn(redis.store)
    await loadOCloudSamples({ registry, directory, log })
    expect(logged.map(({ file }) => file)).toEqual(['a.yaml', 'b.yaml', 'c.yaml'])
    expect(await namesIn(registry)).toEqual(['good'])
  })
})
