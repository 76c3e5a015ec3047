import { beforeAll, expect, test } from 'vitest'
import type { Cluster, KubernetesObject } from '../../src/clusters/cluster.ts'
import type { AppliedObject, PackagePort } from '../../src/packages/package-port.ts'
import { configMap, inPlace, renderSample, versionsOf, workload } from './packages/arena.ts'

export interface PackagesUnderTest {
  packages: PackagePort
  /** With a Ready node of at most 16 CPUs. */
  cluster: Cluster
  /** The same for an O-Cloud that does not answer. */
  away: { packages: PackagePort; cluster: Cluster }
  /** What is told of a workload that finds no room on the nodes. */
  noRoom: RegExp
}

const TOO_MUCH = { cpu: '17' }
const RESOURCE_GROUP = { apiVersion: 'kpt.dev/v1alpha1', kind: 'ResourceGroup' }

/** The rules of the package port, for every driver; called inside of a `describe` that sets the driver up. */
export function packageRules(underTest: () => PackagesUnderTest): void {
  let cluster: Cluster
  let packages: PackagePort
  beforeAll(() => {
    ;({ cluster, packages } = underTest())
  })
  const place = () => inPlace(cluster)

  test('the sample package is applied, each object told as it stands, and the progress', async () => {
    const { namespace, inventory, options } = await place()
    const rendered = await renderSample({ path: '5g-ran', namespace, values: { duReplicas: 2 } })
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

  test('applied again, an unchanged package changes nothing but its inventory', async () => {
    const { namespace, inventory, options } = await place()
    const rendered = await renderSample({ path: '5g-ran', namespace, values: {} })
    await packages.apply(cluster, rendered, inventory, options)
    const before = await versionsOf(cluster, rendered.objects)
    const again = await packages.apply(cluster, rendered, inventory, options)
    expect(again.objects.map((object) => object.action)).toEqual(Array(4).fill('unchanged'))
    expect(await versionsOf(cluster, rendered.objects)).toEqual(before)
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
    const goes = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'goes' }
    expect(objects.find(({ ref }) => ref.name === 'goes')?.ref).toEqual(goes)
    expect(await cluster.get(goes)).toBeUndefined()
  })

  test('destroying removes every object and the inventory, and again there is nothing to do', async () => {
    const { namespace, inventory, options } = await place()
    const rendered = await renderSample({ path: '5g-ran', namespace, values: {} })
    await packages.apply(cluster, rendered, inventory, options)
    const { removed, left } = await packages.destroy(cluster, inventory, options)
    expect(left).toEqual([])
    expect(removed.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual(
      rendered.objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort(),
    )
    expect(removed.find(({ kind }) => kind === 'Deployment')?.apiVersion).toBe('apps/v1')
    expect(await versionsOf(cluster, rendered.objects)).toEqual(rendered.objects.map(() => undefined))
    expect(await cluster.list(RESOURCE_GROUP, { namespace })).toEqual([])
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
    const shared = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'shared' }
    expect(await cluster.get(shared)).toMatchObject({ data: { a: 'b' } })
    expect((await packages.destroy(cluster, inventory, options)).removed.map(({ name }) => name)).toEqual(['own'])
    expect(await cluster.get(shared)).toBeDefined()
  })

  test('an object that was there before is a conflict, too', async () => {
    const { namespace, inventory, options } = await place()
    await cluster.apply(configMap(namespace, 'old'))
    const objects = [configMap(namespace, 'old', { a: 'c' })]
    await expect(packages.apply(cluster, { name: 'p', objects }, inventory, options)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('"old" belongs to nobody'),
    })
  })

  test('what the server refuses fails in its words, and what stands was told', async () => {
    const { namespace, inventory, options } = await place()
    const told: string[] = []
    const onApplied = ({ ref }: AppliedObject) => told.push(ref.name)
    const objects = [configMap(namespace, 'good'), workload(namespace, 'bad', {}, { noSuchField: 'x' })]
    await expect(
      packages.apply(cluster, { name: 'p', objects }, inventory, { ...options, onApplied }),
    ).rejects.toMatchObject({
      code: 'APPLY_FAILED',
      message: expect.stringMatching(/^1 of 2 objects applied, .*noSuchField: field not declared in schema/),
    })
    expect(told).toEqual(['good'])
  })

  test('what finds no room does not become ready in time, and the reason is told', async () => {
    const { namespace, inventory, options } = await place()
    const objects = [workload(namespace, 'big', TOO_MUCH)]
    const hasty = { ...options, reconcileTimeoutSeconds: 1 }
    const failure = await packages.apply(cluster, { name: 'p', objects }, inventory, hasty).catch((error) => error)
    expect(failure).toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/^after 1 s not ready: Deployment "big": /),
    })
    expect(failure.message).toMatch(underTest().noRoom)
  })

  test('what a finalizer holds is left over, with the reason, and the inventory stays for another try', async () => {
    const { namespace, inventory, options } = await place()
    const held = configMap(namespace, 'held')
    held.metadata.finalizers = ['test.dev/hold']
    await packages.apply(cluster, { name: 'p', objects: [held, configMap(namespace, 'free')] }, inventory, options)
    const hasty = { ...options, reconcileTimeoutSeconds: 2 }
    const { removed, left } = await packages.destroy(cluster, inventory, hasty)
    expect(removed.map(({ name }) => name)).toEqual(['free'])
    expect(left).toEqual([{ ref: expect.objectContaining({ name: 'held' }), reason: 'held by test.dev/hold' }])
    const annotations = { 'config.k8s.io/owning-inventory': inventory.id }
    const released: KubernetesObject = { ...held, metadata: { name: 'held', namespace, annotations } }
    await cluster.apply(released, { force: true })
    expect((await packages.destroy(cluster, inventory, options)).left).toEqual([])
    expect(await cluster.list(RESOURCE_GROUP, { namespace })).toEqual([])
  })

  test('cancelling ends the waiting at once, with the reason', async () => {
    const { namespace, inventory, options } = await place()
    const reason = new Error('cancelled by a test')
    const cancel = new AbortController()
    const objects = [workload(namespace, 'waits', TOO_MUCH)]
    const cancelled = packages.apply(cluster, { name: 'p', objects }, inventory, {
      ...options,
      signal: cancel.signal,
      onApplied: () => cancel.abort(reason),
    })
    await expect(cancelled).rejects.toBe(reason)
  })

  test('an O-Cloud that is away is worth another try', async () => {
    const { away } = underTest()
    const objects = [configMap('default', 'x')]
    const inventory = { id: 'x', name: 'x', namespace: 'default' }
    const options = { run: { reference: 'x', step: 'y' }, reconcileTimeoutSeconds: 5 }
    await expect(away.packages.apply(away.cluster, { name: 'p', objects }, inventory, options)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
    })
  })
}
