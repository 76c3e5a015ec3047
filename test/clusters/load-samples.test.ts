import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadOCloudSamples } from '../../src/clusters/load-samples.ts'
import { createOCloudRegistry } from '../../src/clusters/registry.ts'
import type { OCloudRegistry } from '../../src/clusters/registry-types.ts'
import { createSimulatedClusters } from '../../src/clusters/simulated/simulated-clusters.ts'
import type { Store } from '../../src/store/store.ts'
import { needs } from '../harness/needs.ts'
import { SAMPLES, sampleWorlds } from '../harness/samples.ts'

const OCLOUDS = join(SAMPLES, 'oclouds')

describe('the sample O-Clouds', needs('redis'), () => {
  const { now, log, warnings } = sampleWorlds()

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
    const { store, another } = now()
    const other = await another()
    try {
      const registries = [store, store, other].map(registryOn)
      await Promise.all(registries.map((registry) => loadOCloudSamples({ registry, directory: OCLOUDS, log })))
    } finally {
      await other.close()
    }
    const registry = registryOn(store)
    const files = (await namesIn(registry)).map((name) => `${name}.yaml`)
    expect(files.sort()).toEqual((await readdir(OCLOUDS)).sort())
    const oCloudId = (await registry.resolve('sim-edge-1')) ?? ''
    expect((await registry.get(oCloudId)).value).toMatchObject({
      simulated: true,
      location: { name: 'Hsinchu' },
      labels: { environment: 'edge' },
    })
    expect(await registry.status(oCloudId)).toMatchObject({ reachable: true, nodes: 3 })
    expect(warnings()).toEqual([])
  })

  test('leave alone what has the name already', async () => {
    const registry = registryOn(now().store)
    const { value, n } = await registry.create({ name: 'sim-edge-1', description: 'mine', simulated: true })
    await loadOCloudSamples({ registry, directory: OCLOUDS, log })
    expect(await registry.get(value.oCloudId)).toEqual({ value, n })
  })

  test('files that are none are warnings, and the others are registered', async () => {
    const { store, directory, write } = now()
    await write('a.yaml', 'name: [')
    await write('b.yaml', 'name: no-kind')
    await write('c.yaml', 'name: bad-kubeconfig\nkubeconfig: nonsense')
    await write('d.yaml', 'name: good\nsimulated: true')
    const registry = registryOn(store)
    await loadOCloudSamples({ registry, directory, log })
    expect(warnings().map(({ file }) => file)).toEqual(['a.yaml', 'b.yaml', 'c.yaml'])
    expect(await namesIn(registry)).toEqual(['good'])
  })
})
