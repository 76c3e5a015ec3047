import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster, KubernetesObject } from '../../src/clusters/cluster.ts'
import { createSimulatedClusters, type SimulatedClusters } from '../../src/clusters/simulated/simulated-clusters.ts'
import type { AppliedObject } from '../../src/packages/package-port.ts'
import { createSimulatedPackages } from '../../src/packages/simulated.ts'
import { configMap, inPlace, workload } from '../conformance/packages/arena.ts'
import { packageRules } from '../conformance/packages.ts'
import { needs } from '../harness/needs.ts'
import { createTestStore, silentLog, type TestStore } from '../harness/redis.ts'

const packages = createSimulatedPackages()

describe('the simulated driver of the package port', needs('redis'), () => {
  let testStore: TestStore
  let clusters: SimulatedClusters
  let cluster: Cluster
  let controllers: { stop(): Promise<void> }

  beforeAll(async () => {
    testStore = await createTestStore()
    clusters = createSimulatedClusters({ store: testStore.store, log: silentLog(), delays: { startMs: 30 } })
    await clusters.initialise('o-1')
    controllers = clusters.startControllers()
    cluster = clusters.open('o-1')
  })
  afterAll(async () => {
    await controllers?.stop()
    await testStore?.stop()
  })

  packageRules(() => ({
    packages,
    cluster,
    away: { packages, cluster: clusters.open('never-made') },
    noRoom: /0\/3 nodes are available: 3 Insufficient cpu/,
  }))

  test('tells what it is', async () => {
    expect(await packages.check()).toEqual([
      { name: expect.stringContaining('simulated'), version: expect.any(String) },
    ])
  })

  test('an object of another request, or of nobody, is a conflict too', async () => {
    const { namespace, inventory, options } = await inPlace(cluster)
    const theirs = configMap(namespace, 'theirs')
    theirs.metadata.labels = { 'o2ims.dev/request': 'ref-of-another' }
    await cluster.apply(theirs)
    await cluster.apply(configMap(namespace, 'old'))
    const objects = [configMap(namespace, 'theirs', { a: 'c' }), configMap(namespace, 'old', { a: 'c' })]
    await expect(packages.apply(cluster, { name: 'p', objects }, inventory, options)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(
        /"theirs" belongs to provisioning request ref-of-another; .*"old" belongs to nobody/,
      ),
    })
  })

  test('a Namespace of the package is made before its inventory, and one that exists is used and not owned', async () => {
    const namespace = `ns-${randomUUID().slice(0, 8)}`
    const inventory = { id: `inv-${namespace}`, name: `inv-${namespace}`, namespace }
    const options = { run: { reference: namespace, step: 'workload' }, reconcileTimeoutSeconds: 20 }
    const home: KubernetesObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
    const objects = [configMap(namespace, 'a'), home]
    const made = await packages.apply(cluster, { name: 'p', objects }, inventory, options)
    expect(made.objects.map(({ ref, action }) => `${ref.kind} ${action}`).sort()).toEqual([
      'ConfigMap created',
      'Namespace created',
    ])

    const other = { id: `other-${namespace}`, name: `other-${namespace}`, namespace }
    const used = await packages.apply(
      cluster,
      { name: 'p', objects: [home, configMap(namespace, 'b')] },
      other,
      options,
    )
    expect(used.objects.map(({ ref, action }) => `${ref.kind} ${action}`).sort()).toEqual([
      'ConfigMap created',
      'Namespace unchanged',
    ])
    expect((await packages.destroy(cluster, other, options)).removed).toHaveLength(1)
    expect(await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace })).toBeDefined()

    expect((await packages.destroy(cluster, inventory, options)).removed).toHaveLength(2)
    expect(await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace })).toBeUndefined()
  })

  test('what depends on something is applied when that is ready', async () => {
    const { namespace, inventory, options } = await inPlace(cluster)
    const late = configMap(namespace, 'late')
    late.metadata.annotations = { 'config.kubernetes.io/depends-on': `apps/namespaces/${namespace}/Deployment/first` }
    const told: string[] = []
    const onApplied = ({ ref }: AppliedObject) => told.push(ref.name)
    await packages.apply(cluster, { name: 'p', objects: [late, workload(namespace, 'first')] }, inventory, {
      ...options,
      onApplied,
    })
    expect(told).toEqual(['first', 'late'])
    const circle = configMap(namespace, 'circle')
    circle.metadata.annotations = { 'config.kubernetes.io/depends-on': `/namespaces/${namespace}/ConfigMap/circle` }
    await expect(packages.apply(cluster, { name: 'p', objects: [circle] }, inventory, options)).rejects.toMatchObject({
      code: 'APPLY_FAILED',
      message: expect.stringContaining('depends on itself'),
    })
  })

  test('a death after the first objects is made up for by applying again, and by destroying', async () => {
    const { namespace, inventory, options } = await inPlace(cluster)
    const objects = [configMap(namespace, 'a'), configMap(namespace, 'b'), configMap(namespace, 'c')]
    const dead = new AbortController()
    const died = packages.apply(cluster, { name: 'p', objects }, inventory, {
      ...options,
      signal: dead.signal,
      onApplied: ({ ref }) => ref.name === 'b' && dead.abort(new Error('killed')),
    })
    await expect(died).rejects.toThrow('killed')
    expect((await packages.destroy(cluster, inventory, options)).removed).toHaveLength(3)
    const again = await packages.apply(cluster, { name: 'p', objects }, inventory, options)
    expect(again.objects.map(({ action }) => action)).toEqual(['created', 'created', 'created'])
  })
})
