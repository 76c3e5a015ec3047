import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { InventoryChange } from '../../src/inventory/changes.ts'
import { ALL_PARTS, type ControlPlane, startControlPlane } from '../harness/control-plane.ts'
import { eventually } from '../harness/eventually.ts'
import { measured, NOT_POLLED_MS } from '../harness/measured.ts'
import { needs } from '../harness/needs.ts'
import { type InventoryWorld, inventoryWorld } from './world.ts'

/** What the account of this service needs on a cluster that is only looked at. */
const RULES = [
  { apiGroups: [''], resources: ['nodes', 'pods'], verbs: ['list', 'watch'] },
  { nonResourceURLs: ['/version', '/api', '/apis', '/api/*', '/apis/*'], verbs: ['get'] },
]
const NODES = '/api/v1/nodes'
const MERGE = 'application/merge-patch+json'

describe('the inventory of a real control plane', needs('redis', 'control-plane', 'kwok'), () => {
  let controlPlane: ControlPlane
  let user: { kubeconfig: string; name: string; token: string }
  let world: InventoryWorld
  let nodes: string[]

  beforeAll(async () => {
    controlPlane = await startControlPlane({ parts: ALL_PARTS })
    user = await controlPlane.user({ rules: RULES })
    nodes = await Promise.all(['n1', 'n2', 'n3'].map((name) => controlPlane.addNode({ name, cpu: '16' })))
  })
  afterAll(() => controlPlane?.stop())
  beforeEach(async () => {
    // A server that stands still is found out within seconds instead of minutes.
    world = await inventoryWorld({ timeouts: { watchQuietMs: 3_000, callMs: 2_000 } })
    world.start()
  })
  afterEach(async () => {
    await world?.teardown()
    await controlPlane.client.call('DELETE', `${NODES}/extra`)
  })

  async function registered(count: number): Promise<string> {
    const { value } = await world.oClouds.create({ name: 'real', kubeconfig: user.kubeconfig })
    await eventually(async () => expect(await world.all('inventoryResource')).toHaveLength(count), 30_000)
    await eventually(async () => expect((await managerOf())?.capacity).toHaveProperty('cpu.available'), 30_000)
    return value.oCloudId
  }
  const managerOf = async () => (await world.all('inventoryDeploymentManager'))[0]
  const uidOf = async (name: string) => {
    const { body } = await controlPlane.client.call('GET', `${NODES}/${name}`)
    return JSON.parse(JSON.stringify(body)).metadata.uid
  }

  test('is its nodes, and the cluster a deployment manager with what it can do', async () => {
    const id = await registered(3)
    const manager = await managerOf()
    expect(manager).toMatchObject({
      deploymentManagerId: id,
      serviceUri: controlPlane.server,
      capabilities: { kubernetesVersion: expect.stringMatching(/^v1\./), architectures: ['amd64'] },
      capacity: {
        cpu: { capacity: '48', allocated: '0', reserved: '0', available: '48' },
        pods: { capacity: '330', available: '330' },
      },
    })
    const resources = await world.all('inventoryResource')
    const uids = await Promise.all(nodes.map(uidOf))
    expect(resources.map(({ resourceId }) => resourceId).sort()).toEqual(uids.sort())
    for (const { description } of resources) expect(description).toMatch(/^Node n[123] \(worker\): ready$/)
    const texts = JSON.stringify([resources, manager, await world.all('inventoryResourcePool'), await world.told()])
    expect(texts + world.log()).not.toContain(user.token)
  })

  test('a node that is added, changed and deleted is seen by the watch alone, and told', async () => {
    await registered(3)
    await world.told()
    const since = Date.now()
    const seen: InventoryChange[] = []
    const told = (state: 'priorObjectState' | 'postObjectState', description: string) =>
      eventually(async () => {
        seen.push(...(await world.told()))
        expect(seen.map((change) => change[state]?.description)).toContain(`Node extra (worker): ${description}`)
      })
    // It may be ready before it is looked at for the first time.
    await controlPlane.addNode({ name: 'extra', cpu: '4' })
    await told('postObjectState', 'ready')
    const uid = await uidOf('extra')
    const ms = await measured('from a change of a node to that of its resource', async () => {
      await controlPlane.client.call('PATCH', `${NODES}/extra`, { spec: { unschedulable: true } }, MERGE)
      await told('postObjectState', 'ready, takes no new pods')
    })
    expect(ms).toBeLessThan(NOT_POLLED_MS)
    seen.splice(0)
    await controlPlane.client.call('DELETE', `${NODES}/extra`)
    await told('priorObjectState', 'ready, takes no new pods')
    expect(seen).toContainEqual(
      expect.objectContaining({ notificationEventType: 2, objectRef: expect.stringContaining(`/resources/${uid}`) }),
    )
    await eventually(async () => expect((await managerOf())?.capacity).toMatchObject({ cpu: { capacity: '48' } }))
    expect(controlPlane.audit.entries({ user: user.name, since, verbs: ['list', 'get'] })).toEqual([])
  })

  test('an API server that is away keeps its inventory, marked, also over a restart of the service', async () => {
    await registered(3)
    const before = await world.all('inventoryResource')
    await world.told()
    await controlPlane.kill()
    const marked = expect.objectContaining({ reachable: false, unreachableSince: expect.any(String) })
    const isMarked = async () => {
      const all = [
        ...(await world.all('inventoryResource')),
        ...(await world.all('inventoryResourcePool')),
        ...(await world.all('inventoryDeploymentManager')),
      ]
      expect(all.map(({ extensions }) => extensions)).toEqual(Array.from({ length: 5 }, () => marked))
      return all
    }
    await eventually(async () => void (await isMarked()), 20_000)
    const stands = await isMarked()
    await world.stop()
    world.start()
    const other = await world.oClouds.create({ name: 'other', simulated: true })
    await eventually(async () => expect(await world.all('inventoryDeploymentManager')).toHaveLength(2))
    await world.oClouds.remove(other.value.oCloudId)
    await eventually(async () => expect(await isMarked()).toEqual(stands))

    await controlPlane.restart()
    await eventually(async () => expect(await world.all('inventoryResource')).toEqual(before), 30_000)
    expect((await managerOf())?.extensions).not.toHaveProperty('reachable')
    const about = (await world.told()).filter(({ objectType }) => objectType === 'Resource')
    // A mark is an extension, and of those nobody is told; the other O-Cloud came and went.
    expect(about.filter(({ notificationEventType }) => notificationEventType === 1)).toEqual([])
  })

  test('an API server that stands still is marked too, and what changed meanwhile is there when it goes on', async () => {
    await registered(3)
    controlPlane.pause()
    try {
      await eventually(async () => expect((await managerOf())?.extensions).toHaveProperty('reachable', false), 30_000)
      expect(await world.all('inventoryResource')).toHaveLength(3)
    } finally {
      controlPlane.resume()
    }
    await eventually(async () => expect((await managerOf())?.extensions).not.toHaveProperty('reachable'), 30_000)
  })

  test('an account that may not read nodes is told as such, and is asked again when the kubeconfig is replaced', async () => {
    const blind = await controlPlane.user({ rules: RULES.slice(1) })
    const { value } = await world.oClouds.create({ name: 'blind', kubeconfig: blind.kubeconfig })
    await eventually(async () =>
      expect((await managerOf())?.extensions).toMatchObject({
        reachable: false,
        unreachableReason: expect.stringContaining('its nodes cannot be read'),
      }),
    )
    await world.oClouds.replace(value.oCloudId, { name: 'blind', kubeconfig: user.kubeconfig })
    await eventually(async () => expect(await world.all('inventoryResource')).toHaveLength(3), 10_000)
    await eventually(async () => expect((await managerOf())?.extensions).not.toHaveProperty('reachable'))
  })
})

describe('the inventory of a large cluster', needs('redis', 'control-plane', 'kwok'), () => {
  test('of 1,000 nodes is right, and one of them that changes costs one write', async () => {
    const controlPlane = await startControlPlane({ parts: ['kwok'] })
    const world = await inventoryWorld()
    try {
      const resources = { cpu: '16', memory: '64Gi', pods: '110' }
      const add = (index: number) =>
        controlPlane.client.call('POST', NODES, {
          metadata: { name: `n${index}`, labels: { 'topology.kubernetes.io/zone': `zone-${index % 3}` } },
          status: { capacity: resources, allocatable: resources },
        })
      for (let from = 0; from < 1000; from += 50)
        await Promise.all(Array.from({ length: 50 }, (_, index) => add(from + index)))
      world.start()
      await world.oClouds.create({ name: 'large', kubeconfig: controlPlane.kubeconfig })
      await eventually(
        async () =>
          expect(await world.all('inventoryDeploymentManager')).toMatchObject([
            {
              capacity: {
                cpu: { capacity: '16000', allocated: '0', reserved: '0', available: '16000' },
                memory: { capacity: '64000Gi', available: '64000Gi' },
                pods: { capacity: '110000', available: '110000' },
              },
            },
          ]),
        30_000,
      )
      const all = await world.all('inventoryResource')
      expect(new Set(all.map(({ resourceId }) => resourceId)).size).toBe(1000)
      const pools = await world.all('inventoryResourcePool')
      const sizes = pools.map((pool) => [
        pool.name,
        all.filter(({ resourcePoolId }) => resourcePoolId === pool.resourcePoolId).length,
      ])
      expect(Object.fromEntries(sizes)).toEqual({ 'large zone-0': 334, 'large zone-1': 333, 'large zone-2': 333 })
      // kwok makes them Ready one by one; after that it only beats their hearts.
      await eventually(async () => {
        const ready = (await world.all('inventoryResource')).filter(({ description }) =>
          description.endsWith(': ready'),
        )
        expect(ready).toHaveLength(1000)
      }, 90_000)
      const before = await world.versions()
      await world.told()
      await controlPlane.client.call('PATCH', `${NODES}/n1`, { spec: { unschedulable: true } }, MERGE)
      let told: InventoryChange[] = []
      await eventually(async () => {
        told = [...told, ...(await world.told())]
        expect(told).toHaveLength(1)
      }, 10_000)
      const after = await world.versions()
      const changed = Object.keys(after).filter((key) => after[key] !== before[key])
      expect(changed).toEqual([told[0]?.postObjectState?.resourceId])
    } finally {
      await world.teardown()
      await controlPlane.stop()
    }
  })
})
