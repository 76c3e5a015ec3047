import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Cluster, KubernetesObject } from '../../src/clusters/cluster.ts'
import type { OCloudInput } from '../../src/clusters/registry-types.ts'
import { resourceKey } from '../../src/inventory/records.ts'
import type { ResourceInfo } from '../../src/inventory/schema.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { type InventoryWorld, inventoryWorld } from './world.ts'

const MADE_BY = { provisioningRequestId: 'r-1', reference: '0b0f3a52-3f0e-4a55-8f6c-7a1f0c8d2e11', step: 'cluster' }
/** Points to a port where nobody listens. */
const NOWHERE = `apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: { server: 'https://127.0.0.1:1' } }]
contexts: [{ name: c, context: { cluster: c, user: u } }]
current-context: c
users: [{ name: u, user: { token: marked-token-5f2c } }]
`

describe('the inventory of O-Clouds', needs('redis'), () => {
  let world: InventoryWorld

  beforeEach(async () => {
    world = await inventoryWorld()
  })
  afterEach(() => world?.teardown())

  /** A simulated O-Cloud whose three nodes are in Inventory. */
  async function registered(name = 'edge', more: Partial<OCloudInput> = {}): Promise<{ id: string; cluster: Cluster }> {
    const { value } = await world.oClouds.create({ name, simulated: true, ...more })
    await eventually(async () => expect(await resourcesOf(value.oCloudId)).toHaveLength(3))
    await eventually(async () => expect((await managerOf(value.oCloudId))?.capacity).toMatchObject(COUNTED))
    return { id: value.oCloudId, cluster: world.simulated.open(value.oCloudId) }
  }
  const COUNTED = { cpu: { available: '48' } }

  async function resourcesOf(oCloudId: string): Promise<ResourceInfo[]> {
    const all = await world.all('inventoryResource')
    return all.filter(({ extensions }) => extensions?.deploymentManagerId === oCloudId)
  }
  const managerOf = async (id: string) =>
    (await world.all('inventoryDeploymentManager')).find(({ deploymentManagerId }) => deploymentManagerId === id)
  const short = async () =>
    (await world.told()).map(
      ({ notificationEventType, objectType }) =>
        `${['CREATE', 'MODIFY', 'DELETE'][notificationEventType]} ${objectType}`,
    )
  const node = (name: string, cpu = '4'): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    status: { capacity: { cpu, memory: '8Gi', pods: '100' }, allocatable: { cpu, memory: '8Gi', pods: '100' } },
  })
  async function addNode(cluster: Cluster, name: string): Promise<void> {
    const { status: _, ...bare } = node(name)
    const made = await cluster.apply(bare)
    await cluster.updateStatus({ ...made, status: node(name).status ?? {} })
  }
  async function changeStatus(cluster: Cluster, name: string, change: (status: object) => object): Promise<void> {
    const found = await cluster.get({ apiVersion: 'v1', kind: 'Node', name })
    if (found) await cluster.updateStatus({ ...found, status: JSON.parse(JSON.stringify(change(found.status ?? {}))) })
  }
  /** Long enough that a look which is due has been taken. */
  const settled = async () => {
    const marker = await world.oClouds.create({ name: `marker-${Math.random()}`.replace('.', ''), simulated: true })
    await eventually(async () => expect(await resourcesOf(marker.value.oCloudId)).toHaveLength(3))
  }

  test('one that is registered appears whole, and goes whole', async () => {
    world.start()
    const { id } = await registered()
    const [manager] = await world.all('inventoryDeploymentManager')
    const [location] = await world.all('inventoryLocation')
    const [site] = await world.all('inventorySite')
    const pools = await world.all('inventoryResourcePool')
    expect(manager).toMatchObject({
      deploymentManagerId: id,
      name: 'edge',
      serviceUri: `simulated://${id}`,
      supportedLocations: [location?.globalLocationId],
      capabilities: { kubernetesVersion: 'v1.33.0+simulated', architectures: ['amd64'] },
      capacity: { cpu: { capacity: '48', allocated: '0', reserved: '0', available: '48' } },
    })
    expect(site?.resourcePools).toEqual(pools.map(({ resourcePoolId }) => resourcePoolId).sort())
    expect(pools.map(({ name }) => name).sort()).toEqual(['edge zone-1', 'edge zone-2'])
    const types = (await world.all('inventoryResourceType')).map(({ resourceTypeId }) => resourceTypeId)
    const used = (resource: ResourceInfo): string[] => [
      resource.resourceTypeId,
      ...(resource.elements ?? []).flatMap(used),
    ]
    expect(types).toEqual(expect.arrayContaining((await resourcesOf(id)).flatMap(used)))
    expect(await short()).toEqual(
      expect.arrayContaining(['CREATE Cloud', 'CREATE Location', 'CREATE DeploymentManager']),
    )

    await world.oClouds.remove(id)
    await eventually(async () => expect(await world.all('inventoryLocation')).toEqual([]))
    for (const left of [
      'inventoryResource',
      'inventoryResourcePool',
      'inventoryResourceType',
      'inventorySite',
    ] as const)
      expect(await world.all(left)).toEqual([])
    const told = await short()
    expect(told.filter((one) => one === 'DELETE Resource')).toHaveLength(3)
    expect(told.filter((one) => !one.startsWith('DELETE'))).toEqual([])
  })

  test('a cluster that a request made appears with that request, and goes with it', async () => {
    world.start()
    const id = await world.oClouds.registerManaged({ name: 'made', madeBy: MADE_BY })
    await eventually(async () => expect(await resourcesOf(id)).toHaveLength(3))
    expect((await managerOf(id))?.extensions).toMatchObject({ managed: true, provisioningRequestId: 'r-1' })
    await world.oClouds.unregister(id)
    await eventually(async () => expect(await managerOf(id)).toBeUndefined())
  })

  test('a node that comes, changes and goes is one write each beside the capacity, and told', async () => {
    world.start()
    const { id, cluster } = await registered()
    await addNode(cluster, 'extra')
    await eventually(async () => expect(await resourcesOf(id)).toHaveLength(4))
    await eventually(async () => expect((await managerOf(id))?.capacity).toMatchObject({ cpu: { capacity: '52' } }))
    const extra = (await resourcesOf(id)).find(({ description }) => description.includes('extra'))
    await world.told()
    const before = await world.versions()

    await changeStatus(cluster, 'extra', (status) => ({ ...status, ...node('extra', '6').status }))
    await eventually(async () => expect((await managerOf(id))?.capacity).toMatchObject({ cpu: { capacity: '54' } }))
    expect((await short()).sort()).toEqual(['MODIFY DeploymentManager', 'MODIFY Resource'])
    const after = await world.versions()
    const changed = Object.keys(after).filter((key) => after[key] !== before[key])
    expect(changed.sort()).toEqual([id, extra?.resourceId].sort())

    await cluster.delete({ apiVersion: 'v1', kind: 'Node', name: 'extra' })
    await eventually(async () => expect((await managerOf(id))?.capacity).toMatchObject({ cpu: { capacity: '48' } }))
    const told = await short()
    expect(told.filter((one) => one === 'DELETE Resource')).toHaveLength(1)
    // Its pool had no other node, and its kind was that of no other.
    expect(told).toContain('DELETE ResourcePool')
  })

  test('a heartbeat of a node writes nothing and tells nothing', async () => {
    world.start()
    const { cluster } = await registered()
    await settled()
    await world.told()
    const before = await world.versions()
    const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2027-01-01T00:00:00Z' }]
    await changeStatus(cluster, 'node-1', (status) => ({ ...status, conditions }))
    await settled()
    expect(await world.versions()).toMatchObject(before)
    expect((await world.told()).filter(({ notificationEventType }) => notificationEventType === 1)).toEqual([])
  })

  test('a node that is labelled into another pool goes there: a resource is in one pool', async () => {
    world.start()
    const { id, cluster } = await registered()
    const found = await cluster.get({ apiVersion: 'v1', kind: 'Node', name: 'node-2' })
    await world.told()
    await cluster.apply(
      { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-2', labels: { 'o2ims.dev/resource-pool': 'gpu' } } },
      { force: true },
    )
    await eventually(async () => {
      const resources = await resourcesOf(id)
      expect(resources).toHaveLength(3)
      const moved = resources.find(({ resourceId }) => resourceId === found?.metadata.uid)
      const pools = await world.all('inventoryResourcePool')
      expect(pools.find(({ resourcePoolId }) => resourcePoolId === moved?.resourcePoolId)?.name).toBe('edge gpu')
    })
    const told = (await world.told()).filter(({ objectType }) => objectType === 'Resource')
    const [gone, made] = told
    expect(told.map(({ notificationEventType }) => notificationEventType)).toEqual([2, 0])
    expect(gone?.objectRef).not.toBe(made?.objectRef)
    for (const one of told) expect(one.objectRef).toMatch(new RegExp(`/resources/${found?.metadata.uid}$`))
  })

  test('pods that are placed are allocated', async () => {
    world.start()
    const controllers = world.simulated.startControllers()
    const { value } = await world.oClouds.create({ name: 'busy', simulated: true })
    await eventually(async () =>
      expect((await managerOf(value.oCloudId))?.capacity).toMatchObject({
        cpu: { capacity: '48', allocated: '200m', reserved: '0', available: '47800m' },
        pods: { capacity: '3000', allocated: '2', available: '2998' },
      }),
    )
    await controllers.stop()
  })

  test('what a registration says of its site, place and name is there as soon as it changes', async () => {
    world.start()
    const { id } = await registered('edge', { site: { oCloudSiteId: 's1', name: 'Site 1' } })
    const other = await registered('other', { site: { oCloudSiteId: 's1', name: 'ignored' } })
    await eventually(async () => {
      const sites = await world.all('inventorySite')
      expect(sites).toMatchObject([{ oCloudSiteId: 's1', name: 'Site 1' }])
      expect(sites[0]?.resourcePools).toHaveLength(4)
    })
    await world.told()
    await world.oClouds.replace(id, {
      name: 'renamed',
      site: { oCloudSiteId: 's1', name: 'Site one' },
      location: { globalLocationId: 'L1', name: 'Here' },
    })
    await eventually(async () => {
      expect(await managerOf(id)).toMatchObject({ name: 'renamed', supportedLocations: ['L1'] })
      expect(await managerOf(other.id)).toMatchObject({ supportedLocations: ['L1'] })
      expect(await world.all('inventorySite')).toMatchObject([{ name: 'Site one', globalLocationId: 'L1' }])
      expect(await world.all('inventoryLocation')).toMatchObject([{ globalLocationId: 'L1', oCloudSiteIds: ['s1'] }])
      const pools = await world.all('inventoryResourcePool')
      expect(pools.map((pool) => [pool.name.split(' ')[0], pool.globalLocationId, pool.location]).sort()).toEqual([
        ['other', 'L1', 'Here'],
        ['other', 'L1', 'Here'],
        ['renamed', 'L1', 'Here'],
        ['renamed', 'L1', 'Here'],
      ])
    })
  })

  test('after a restart everything is as it was: the same ids, and nothing is written', async () => {
    world.start()
    await registered('a')
    await registered('b')
    await world.stop()
    const [resources, before] = [await world.all('inventoryResource'), await world.versions()]
    await world.told()
    world.start()
    await settled()
    expect(await world.all('inventoryResource')).toEqual(expect.arrayContaining(resources))
    expect(await world.versions()).toMatchObject(before)
    const told = (await world.told()).filter(({ notificationEventType }) => notificationEventType !== 0)
    // The two sites and locations of before do not change with the one that came.
    expect(told).toEqual([])
  })

  test('what a death left half done is put right by the next process', async () => {
    world.start()
    const { id } = await registered()
    await world.stop()
    const [first, second] = await resourcesOf(id)
    const resources = world.store.collection<ResourceInfo>('inventoryResource')
    const keyOf = (one?: ResourceInfo) => resourceKey(one?.resourcePoolId ?? '', one?.resourceId ?? '')
    await resources.remove(keyOf(first))
    await resources.update(keyOf(second), ({ value }) => ({ value: { ...value, description: 'half' } }))
    await resources.create('gone-pool/gone', {
      ...JSON.parse(JSON.stringify(second)),
      resourcePoolId: 'gone-pool',
      resourceId: 'gone',
    })
    const gone = {
      resourcePoolId: 'p',
      resourceId: 'r',
      extensions: { deploymentManagerId: 'an-o-cloud-that-is-gone' },
    }
    await resources.create('p/r', { ...JSON.parse(JSON.stringify(second)), ...gone })
    world.start()
    await eventually(async () => {
      const now = await world.all('inventoryResource')
      expect(now).toHaveLength(3)
      expect(now).toEqual(expect.arrayContaining([first, second]))
    })
  })

  test('somebody else who wrote a record is overruled', async () => {
    world.start()
    const { id, cluster } = await registered()
    const [first] = await resourcesOf(id)
    const resources = world.store.collection<ResourceInfo>('inventoryResource')
    await resources.update(resourceKey(first?.resourcePoolId ?? '', first?.resourceId ?? ''), ({ value }) => ({
      value: { ...value, description: 'foreign' },
    }))
    const name = String(first?.extensions?.nodeName)
    await changeStatus(cluster, name, (status) => ({ ...status, conditions: [] }))
    await eventually(async () =>
      expect((await resourcesOf(id)).find(({ resourceId }) => resourceId === first?.resourceId)?.description).toMatch(
        /not ready/,
      ),
    )
  })

  test('one that was never reached is there, with an empty pool and marked, and no credential anywhere', async () => {
    world.start()
    const { value } = await world.oClouds.create({ name: 'nowhere', kubeconfig: NOWHERE })
    const { oCloudId: id } = value
    await eventually(async () => expect(await managerOf(id)).toBeDefined())
    const manager = await managerOf(id)
    expect(manager).toMatchObject({ serviceUri: 'https://127.0.0.1:1', extensions: { reachable: false } })
    expect(manager).not.toHaveProperty('capacity')
    const pools = await world.all('inventoryResourcePool')
    expect(pools).toMatchObject([{ name: 'nowhere', extensions: { reachable: false } }])
    expect(await world.all('inventorySite')).toMatchObject([{ resourcePools: [pools[0]?.resourcePoolId] }])
    const texts = JSON.stringify([manager, pools, await world.told()])
    expect(texts + world.log()).not.toContain('marked-token-5f2c')
  })

  test('of two processes one keeps it, and the other goes on when that one stops', async () => {
    world.start()
    const { id } = await registered()
    const other = await world.another()
    await world.stop()
    await world.oClouds.replace(id, { name: 'renamed' })
    await eventually(async () => expect(await managerOf(id)).toMatchObject({ name: 'renamed' }), 10_000)
    await other.stop()
  })
})
