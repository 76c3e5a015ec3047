import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster, KubernetesObject } from '../../src/clusters/cluster.ts'
import { createSimulatedClusters } from '../../src/clusters/simulated/simulated-clusters.ts'
import type { JsonObject } from '../../src/json.ts'
import type { AppliedObject, Inventory, PackageOptions } from '../../src/packages/package-port.ts'
import { createPackageRenderer } from '../../src/packages/render.ts'
import { createSimulatedPackages } from '../../src/packages/simulated.ts'
import { createTestStore, silentLog, type TestStore } from '../harness/redis.ts'

const render = createPackageRenderer({ packageRoot: fileURLToPath(new URL('../../samples/packages', import.meta.url)) })
const packages = createSimulatedPackages()

const configMap = (namespace: string, name: string, data: Record<string, string> = { a: 'b' }): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
})
const deployment = (
  namespace: string,
  name: string,
  resources: JsonObject = {},
  extra: JsonObject = {},
): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { ...extra, containers: [{ name: 'c', image: 'registry.k8s.io/pause:3.10', resources }] },
    },
  },
})
const TOO_MUCH = { requests: { cpu: '17' } }

describe('the simulated driver of the package port', () => {
  let testStore: TestStore
  let cluster: Cluster
  let controllers: { stop(): Promise<void> }

  beforeAll(async () => {
    testStore = await createTestStore()
    const clusters = createSimulatedClusters({ store: testStore.store, log: silentLog(), delays: { startMs: 30 } })
    await clusters.initialise('o-1')
    controllers = clusters.startControllers()
    cluster = clusters.open('o-1')
  })
  afterAll(async () => {
    await controllers.stop()
    await testStore.stop()
  })

  /** A namespace, an inventory and a run of its own. */
  async function place(): Promise<{ namespace: string; inventory: Inventory; options: PackageOptions }> {
    const reference = randomUUID()
    const namespace = `ns-${reference.slice(0, 8)}`
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    const inventory = { id: `o2ims-${reference}-workload`, name: `o2ims-${reference}-workload`, namespace }
    return { namespace, inventory, options: { run: { reference, step: 'workload' }, reconcileTimeoutSeconds: 20 } }
  }

  const versionsOf = (objects: readonly KubernetesObject[]) =>
    Promise.all(
      objects.map(async ({ apiVersion, kind, metadata }) => {
        const found = await cluster.get({ apiVersion, kind, namespace: metadata.namespace, name: metadata.name })
        return found?.metadata.resourceVersion
      }),
    )

  test('tells what it is', async () => {
    expect(await packages.check()).toEqual([
      { name: expect.stringContaining('simulated'), version: expect.any(String) },
    ])
  })

  test('applies the sample package, tells each object as it stands, and the progress', async () => {
    const { namespace, inventory, options } = await place()
    const rendered = await render({ path: '5g-ran', namespace, values: { duReplicas: 2 } })
    const told: AppliedObject[] = []
    const percents: number[] = []
    const result = await packages.apply(cluster, rendered, inventory, {
      ...options,
      onApplied: (object) => told.push(object),
      progress: (percent) => percents.push(percent),
    })
    expect(result.objects.map(({ ref, action }) => `${ref.kind} ${ref.name} ${action}`).sort()).toEqual([
      'ConfigMap ran-config created',
      'Deployment cu created',
      'Deployment du created',
      'Service cu created',
    ])
    expect(told).toHaveLength(4)
    for (const { ref, uid } of result.objects) expect(uid).toBe((await cluster.get(ref))?.metadata.uid)
    const du = await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'du' })
    expect(du?.status?.availableReplicas).toBe(2)
    expect(percents).toEqual([...percents].sort((a, b) => a - b))
    expect(percents.at(-1)).toBe(100)
    expect(du?.metadata.annotations).toMatchObject({ 'config.k8s.io/owning-inventory': inventory.id })
  })

  test('applied again, an unchanged package changes nothing', async () => {
    const { namespace, inventory, options } = await place()
    const rendered = await render({ path: '5g-ran', namespace, values: {} })
    await packages.apply(cluster, rendered, inventory, options)
    const before = await versionsOf(rendered.objects)
    const again = await packages.apply(cluster, rendered, inventory, options)
    expect(again.objects.map((object) => object.action)).toEqual(['unchanged', 'unchanged', 'unchanged', 'unchanged'])
    expect(await versionsOf(rendered.objects)).toEqual(before)
  })

  test('a change updates what differs and removes what the package no longer has', async () => {
    const { namespace, inventory, options } = await place()
    const first = [configMap(namespace, 'stays'), configMap(namespace, 'changes'), configMap(namespace, 'goes')]
    await packages.apply(cluster, { name: 'p', objects: first }, inventory, options)
    const second = [configMap(namespace, 'stays'), configMap(namespace, 'changes', { a: 'c' })]
    const { objects } = await packages.apply(cluster, { name: 'p', objects: second }, inventory, options)
    expect(Object.fromEntries(objects.map(({ ref, action }) => [ref.name, action]))).toEqual({
      stays: 'unchanged',
      changes: 'updated',
      goes: 'deleted',
    })
    expect(await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'goes' })).toBeUndefined()
  })

  test('destroying removes every object and the inventory, and again there is nothing to do', async () => {
    const { namespace, inventory, options } = await place()
    const rendered = await render({ path: '5g-ran', namespace, values: {} })
    await packages.apply(cluster, rendered, inventory, options)
    const { removed, left } = await packages.destroy(cluster, inventory, options)
    expect(left).toEqual([])
    expect(removed.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual(
      rendered.objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort(),
    )
    expect(removed.find(({ kind }) => kind === 'Deployment')?.apiVersion).toBe('apps/v1')
    expect(await versionsOf(rendered.objects)).toEqual(rendered.objects.map(() => undefined))
    expect(await cluster.list({ apiVersion: 'kpt.dev/v1alpha1', kind: 'ResourceGroup' }, { namespace })).toEqual([])
    expect(await packages.destroy(cluster, inventory, options)).toEqual({ removed: [], left: [] })
  })

  test('an object of another inventory is a conflict that names the owner, and stays as it is', async () => {
    const { namespace, inventory, options } = await place()
    const other = { ...inventory, id: 'somebody-elses', name: 'somebody-elses' }
    await packages.apply(cluster, { name: 'p', objects: [configMap(namespace, 'shared')] }, other, options)
    const mine = [configMap(namespace, 'shared', { a: 'mine' }), configMap(namespace, 'own')]
    await expect(packages.apply(cluster, { name: 'p', objects: mine }, inventory, options)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: '1 of 2 objects applied, ConfigMap "shared" belongs to inventory somebody-elses',
    })
    expect(await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'shared' })).toMatchObject({
      data: { a: 'b' },
    })
    expect((await packages.destroy(cluster, inventory, options)).removed.map(({ name }) => name)).toEqual(['own'])
    expect(await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'shared' })).toBeDefined()
  })

  test('an object of another request, or of nobody, is a conflict too', async () => {
    const { namespace, inventory, options } = await place()
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

  test('what the server refuses fails in its words, and what stands was told', async () => {
    const { namespace, inventory, options } = await place()
    const told: string[] = []
    const onApplied = ({ ref }: AppliedObject) => told.push(ref.name)
    const objects = [deployment(namespace, 'bad', {}, { noSuchField: 'x' }), configMap(namespace, 'good')]
    await expect(
      packages.apply(cluster, { name: 'p', objects }, inventory, { ...options, onApplied }),
    ).rejects.toMatchObject({
      code: 'APPLY_FAILED',
      message: expect.stringMatching(/^1 of 2 objects applied, .*noSuchField: field not declared in schema/),
    })
    expect(told).toEqual(['good'])
  })

  test('what finds no room does not become ready, and the reason is told', async () => {
    const { namespace, inventory, options } = await place()
    const objects = [deployment(namespace, 'big', TOO_MUCH)]
    const slow = packages.apply(cluster, { name: 'p', objects }, inventory, { ...options, reconcileTimeoutSeconds: 1 })
    await expect(slow).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(
        /^after 1 s not ready: Deployment "big": .*0\/3 nodes are available: 3 Insufficient cpu/,
      ),
    })
  })

  test('what a finalizer holds is left over, with the reason, and the inventory stays for another try', async () => {
    const { namespace, inventory, options } = await place()
    const held = configMap(namespace, 'held')
    held.metadata.finalizers = ['test.dev/hold']
    await packages.apply(cluster, { name: 'p', objects: [held, configMap(namespace, 'free')] }, inventory, options)
    const { removed, left } = await packages.destroy(cluster, inventory, { ...options, reconcileTimeoutSeconds: 1 })
    expect(removed.map(({ name }) => name)).toEqual(['free'])
    expect(left).toEqual([{ ref: expect.objectContaining({ name: 'held' }), reason: 'held by test.dev/hold' }])
    const annotations = { 'config.k8s.io/owning-inventory': inventory.id }
    await cluster.apply({ ...configMap(namespace, 'held'), metadata: { name: 'held', namespace, annotations } })
    expect((await packages.destroy(cluster, inventory, options)).left).toEqual([])
    expect(await cluster.list({ apiVersion: 'kpt.dev/v1alpha1', kind: 'ResourceGroup' }, { namespace })).toEqual([])
  })

  test('what depends on something is applied when that is ready', async () => {
    const { namespace, inventory, options } = await place()
    const late = configMap(namespace, 'late')
    late.metadata.annotations = { 'config.kubernetes.io/depends-on': `apps/namespaces/${namespace}/Deployment/first` }
    const told: string[] = []
    const onApplied = ({ ref }: AppliedObject) => told.push(ref.name)
    await packages.apply(cluster, { name: 'p', objects: [late, deployment(namespace, 'first')] }, inventory, {
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

  test('cancelling ends the waiting at once, with the reason', async () => {
    const { namespace, inventory, options } = await place()
    const reason = new Error('cancelled by a test')
    const cancel = new AbortController()
    const cancelled = packages.apply(
      cluster,
      { name: 'p', objects: [deployment(namespace, 'waits', TOO_MUCH)] },
      inventory,
      {
        ...options,
        signal: cancel.signal,
        onApplied: () => cancel.abort(reason),
      },
    )
    await expect(cancelled).rejects.toBe(reason)
  })

  test('a death after the first objects is made up for by applying again, and by destroying', async () => {
    const { namespace, inventory, options } = await place()
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

  test('a cluster that is gone is worth another try', async () => {
    const inventory = { id: 'x', name: 'x', namespace: 'default' }
    const clusters = createSimulatedClusters({ store: testStore.store, log: silentLog() })
    const options = { run: { reference: 'x', step: 'y' }, reconcileTimeoutSeconds: 5 }
    const gone = clusters.open('never-made')
    await expect(
      packages.apply(gone, { name: 'p', objects: [configMap('default', 'x')] }, inventory, options),
    ).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
    })
  })
})
