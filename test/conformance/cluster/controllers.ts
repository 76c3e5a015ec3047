import { expect, test } from 'vitest'
import { isCurrent } from '../../../src/clusters/readiness.ts'
import { type Arena, deployment } from './arena.ts'

export function controllerRules(arena: Arena): void {
  test('the version of the server is told', async () => {
    expect(await arena.cluster().version()).toMatch(/^v1\.\d+\.\d+/)
  })

  test('nodes have a capacity, allocatable resources and are Ready', async () => {
    const nodes = await arena.cluster().list({ apiVersion: 'v1', kind: 'Node' })
    expect(nodes.length).toBeGreaterThan(0)
    for (const node of nodes) {
      expect(node.metadata.namespace).toBeUndefined()
      expect(isCurrent(node)).toMatchObject({ current: true })
      const quantities = { cpu: expect.any(String), memory: expect.any(String), pods: expect.any(String) }
      expect(node.status).toMatchObject({ capacity: quantities, allocatable: quantities })
    }
  })

  test('a Deployment becomes Available, its pods run on a node, and scaling it is observed', async () => {
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    const watch = arena.watch({ apiVersion: 'apps/v1', kind: 'Deployment' }, { namespace, name: 'web' })
    await watch.synced()
    await cluster.apply(deployment(namespace, 'web', 2))
    await watch.next('Available', (event) => 'object' in event && isCurrent(event.object).current, 30_000)
    const pods = await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace, labelSelector: 'app=web' })
    expect(pods).toHaveLength(2)
    for (const pod of pods) {
      expect(isCurrent(pod)).toMatchObject({ current: true })
      expect(pod.spec?.nodeName).toEqual(expect.any(String))
    }
    await cluster.apply(deployment(namespace, 'web', 3))
    await watch.next(
      'three are Available',
      (event) => 'object' in event && isCurrent(event.object).current && event.object.status?.replicas === 3,
      30_000,
    )
  })

  test('an identical apply of a running Deployment changes nothing', async () => {
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    const watch = arena.watch({ apiVersion: 'apps/v1', kind: 'Deployment' }, { namespace, name: 'web' })
    await watch.synced()
    await cluster.apply(deployment(namespace, 'web', 1))
    const current = await watch.next(
      'Available',
      (event) => 'object' in event && isCurrent(event.object).current,
      30_000,
    )
    if (!('object' in current)) throw new Error('not an object')
    const again = await cluster.apply(deployment(namespace, 'web', 1))
    expect(again.metadata.resourceVersion).toBe(current.object.metadata.resourceVersion)
  })
}
