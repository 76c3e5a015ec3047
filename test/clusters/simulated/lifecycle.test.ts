import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClusterSpec } from '../../../src/clusters/lifecycle.ts'
import { createSimulatedClusters, type SimulatedClusters } from '../../../src/clusters/simulated/simulated-clusters.ts'
import { createTestStore, silentLog, type TestStore } from '../../harness/redis.ts'

let testStore: TestStore
let clusters: SimulatedClusters
const spec = (name: string, workers = 0): ClusterSpec => ({ name, workers, portMappings: [] })

beforeAll(async () => {
  testStore = await createTestStore()
  clusters = createSimulatedClusters({ store: testStore.store, log: silentLog(), delays: { createMs: 60 } })
})
afterAll(() => testStore.stop())

test('a cluster is made with progress, found with its owner, and deleted', async () => {
  const { lifecycle } = clusters
  expect(await lifecycle.find('edge')).toEqual({ state: 'absent' })
  const told: number[] = []
  await lifecycle.create(spec('edge'), { reference: 'r-1' }, { progress: (percent) => told.push(percent) })
  expect(told.length).toBeGreaterThan(3)
  expect(told).toEqual([...told].sort((a, b) => a - b))
  expect(await lifecycle.find('edge')).toEqual({ state: 'present', owner: 'r-1', complete: true })
  expect(await lifecycle.kubeconfig('edge')).toBeUndefined()
  await expect(lifecycle.create(spec('edge'), { reference: 'r-2' })).rejects.toMatchObject({
    code: 'KIND_FAILED',
    retryable: false,
  })
  expect(await lifecycle.delete('edge')).toBe(true)
  expect(await lifecycle.delete('edge')).toBe(false)
  expect(await lifecycle.find('edge')).toEqual({ state: 'absent' })
})

test('one whose making was cut off is there, incomplete, and can be made again after it was deleted', async () => {
  const { lifecycle } = clusters
  const abort = new AbortController()
  const reason = new Error('killed')
  const cut = lifecycle.create(
    spec('half'),
    { reference: 'r-1' },
    { signal: abort.signal, progress: () => abort.abort(reason) },
  )
  await expect(cut).rejects.toBe(reason)
  expect(await lifecycle.find('half')).toEqual({ state: 'present', owner: 'r-1', complete: false })
  await lifecycle.delete('half')
  await lifecycle.create(spec('half'), { reference: 'r-1' })
  expect(await lifecycle.find('half')).toMatchObject({ complete: true })
})

test('the O-Cloud of a made cluster has the nodes that its spec asked for, by the names of kind', async () => {
  await clusters.lifecycle.create(spec('lab', 2), { reference: 'r-1' })
  await clusters.initialise('o-lab', { clusterName: 'lab' })
  const nodes = await clusters.open('o-lab').list({ apiVersion: 'v1', kind: 'Node' })
  expect(nodes.map(({ metadata }) => metadata.name)).toEqual(['lab-control-plane', 'lab-worker', 'lab-worker2'])
})

test('nodes have the labels that the spec gives them, and say that they are simulated', async () => {
  const nodeLabels = { all: { site: 'north' }, controlPlane: { tier: 'control' }, workers: [{ zone: 'a' }] }
  await clusters.lifecycle.create({ ...spec('labelled', 2), controlPlanes: 2, nodeLabels }, { reference: 'r-1' })
  await clusters.initialise('o-labelled', { clusterName: 'labelled' })
  const nodes = await clusters.open('o-labelled').list({ apiVersion: 'v1', kind: 'Node' })
  const own = new Map(nodes.map(({ metadata }) => [metadata.name, metadata.labels]))
  expect(own.get('labelled-control-plane2')).toMatchObject({ site: 'north', tier: 'control' })
  expect(own.get('labelled-worker')).toMatchObject({ site: 'north', zone: 'a', 'kubernetes.io/os': 'linux' })
  expect(own.get('labelled-worker2')).toMatchObject({ site: 'north' })
  expect(own.get('labelled-worker2')).not.toHaveProperty('zone')

  const logs = (await clusters.lifecycle.logs?.('labelled')) ?? []
  expect(logs.map(({ name }) => name)).toContain('labelled-worker2/simulated.log')
  expect(logs.every(({ text }) => text.includes('simulated'))).toBe(true)
  expect(await clusters.lifecycle.faults(spec('labelled'))).toEqual([])
  await clusters.lifecycle.delete('labelled')
  expect(await clusters.lifecycle.logs?.('labelled')).toEqual([])
  expect(await clusters.lifecycle.faults(spec('labelled'))).toEqual(['the simulated cluster labelled is gone'])
})
