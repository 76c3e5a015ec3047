import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { toTheEnd } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { fulfilled, type Service, startConformingService, subscribed, whole, workload } from './service.ts'
import { INVENTORY, PROVISIONING } from './tables.ts'

const CREATE = 0
const MODIFY = 1
const DELETE = 2

/** Which object it is follows from the attributes that it has. */
const KINDS = [
  ['Resource', 'resourceId', 'ResourceInfo'],
  ['ResourcePool', 'resourcePoolId', 'ResourcePoolInfo'],
  ['ResourceType', 'resourceTypeId', 'ResourceTypeInfo'],
  ['DeploymentManager', 'deploymentManagerId', 'DeploymentManagerInfo'],
  ['OCloudSite', 'oCloudSiteId', 'OCloudSiteInfo'],
  ['Location', 'globalLocationId', 'LocationInfo'],
  ['Cloud', 'globalCloudId', 'CloudInfo'],
] as const

interface Told {
  type: number
  kind: string
  /** Of its object, among those of its kind. */
  id: string
  ref: string | undefined
  prior: JsonObject | undefined
  post: JsonObject | undefined
  body: JsonObject
}

/** Description of the O-Cloud after the last of the changes. */
const LAST = 'Node sites end here'

const EDGE = {
  name: 'edge',
  description: 'An edge site',
  simulated: true,
  location: { globalLocationId: 'PLACE-1', name: 'A place', address: '1 Road' },
  site: { oCloudSiteId: 'site-1', name: 'A site' },
}

describe('notifications of Inventory', needs('redis'), () => {
  let service: Service
  let clusterId: string

  beforeAll(async () => {
    service = await startConformingService({ entries: 0, env: { O_CLOUD_NAME: 'before' } })
    await eventually(() => whole(service), 60_000)
    await subscribed(service, 'all')
    await subscribed(service, 'managers', '(eq,objectType,DeploymentManager)')
    await subscribed(service, 'nodes', '(in,notificationEventType,1,2);(cont,description,Node)')
    const callback = `${service.subscriber.url}/anonymous`
    await service.call(`${INVENTORY}/subscriptions`, 'POST', { callback })
    await everythingHappens()
  })
  afterAll(() => service?.stop())

  /** All sample O-Clouds go, one comes and changes, a cluster is provisioned and removed, the O-Cloud is renamed. */
  async function everythingHappens(): Promise<void> {
    for (const { oCloudId } of await service.all('/o2ims/v1/ocloud'))
      expect((await service.call(`/o2ims/v1/ocloud/${oCloudId}`, 'DELETE')).status).toBe(204)
    await eventually(async () => expect(await service.all(`${INVENTORY}/resourceTypes`)).toEqual([]))
    const { body } = await service.call('/o2ims/v1/ocloud', 'POST', EDGE)
    const edge = `/o2ims/v1/ocloud/${body.oCloudId}`
    const manager = async () => (await service.call(`${INVENTORY}/deploymentManagers/${body.oCloudId}`)).body
    await eventually(() => whole(service))
    const { simulated: _, ...labelled } = { ...EDGE, labels: { tier: 'gold' } }
    expect((await service.call(edge, 'PUT', labelled)).status).toBe(200)
    await eventually(async () => expect((await manager()).extensions.labels).toEqual(labelled.labels))
    const location = { ...EDGE.location, name: 'Another place' }
    const changed = { ...labelled, name: 'renamed', location, site: { ...EDGE.site, name: 'Another site' } }
    expect((await service.call(edge, 'PUT', changed)).status).toBe(200)
    await eventually(async () => expect((await manager()).name).toBe('renamed'))

    const templateParameters = { clusterName: 'made', workers: 1, driver: 'simulated' }
    await fulfilled(service, workload('cluster', { templateName: 'kind-cluster', templateParameters }))
    const { body: made } = await service.call(`${PROVISIONING}/provisioningRequests/cluster`)
    clusterId = made.provisionedResourceSet.nodeClusterId
    const cluster = `${INVENTORY}/deploymentManagers/${clusterId}`
    await eventually(async () => expect((await service.call(cluster)).status).toBe(200))
    await eventually(() => whole(service))
    await service.call(`${PROVISIONING}/provisioningRequests/cluster`, 'DELETE')
    await toTheEnd(service.url, 'cluster')
    await eventually(async () => expect((await service.call(cluster)).status).toBe(404))

    await service.restart({ O_CLOUD_NAME: 'after' })
    await eventually(() => whole(service), 60_000)
    expect((await service.call(edge, 'PUT', { ...changed, description: LAST })).status).toBe(200)
    for (const path of ['all', 'anonymous', 'managers', 'nodes'])
      await eventually(() => expect(told(path).at(-1)?.post?.description).toBe(LAST), 60_000)
  }

  /** What arrived there up to the last change, in order; what came twice counts once. */
  function told(path: string): Told[] {
    const own = service.subscriber.requests.filter((request) => request.path === `/${path}`)
    const once = new Map(own.map(({ headers, body }) => [headers['idempotency-key'], body]))
    const all = [...once.values()].map((text) => {
      const body = JSON.parse(text)
      const object: JsonObject = body.postObjectState ?? body.priorObjectState
      const [kind = '', key = ''] = KINDS.find(([, name]) => object[name] !== undefined) ?? []
      const pool = kind === 'Resource' ? `${object.resourcePoolId}/` : ''
      return {
        type: body.notificationEventType,
        kind,
        id: pool + object[key],
        ref: body.objectRef,
        prior: body.priorObjectState,
        post: body.postObjectState,
        body,
      }
    })
    const last = all.findIndex(({ post }) => post?.description === LAST)
    return last < 0 ? all : all.slice(0, last + 1)
  }

  /** What is told, without the attributes whose changes are not told. */
  function essence(state: JsonObject | undefined): JsonObject | undefined {
    if (state === undefined) return undefined
    const { extensions: _, tags: __, groups: ___, ...rest } = state
    return rest
  }

  /** Of it, what does not change when a pod comes or goes. */
  function still(state: JsonObject | undefined): JsonObject | undefined {
    const { capacity: _, ...rest } = essence(state) ?? {}
    return rest
  }

  const ofKind = (kind: string, type?: number) =>
    told('all').filter((one) => one.kind === kind && (type === undefined || one.type === type))

  test('NOT-01 the callback gets a POST for each object that comes, changes and goes', async () => {
    for (const { method, headers } of service.subscriber.requests) {
      expect(method).toBe('POST')
      expect(headers['content-type']).toMatch(/^application\/json\b/)
    }
    for (const kind of ['DeploymentManager', 'ResourcePool'])
      for (const type of [CREATE, MODIFY, DELETE])
        expect(ofKind(kind, type).length, `${kind} ${type}`).toBeGreaterThan(0)
    // What is there now is what came and did not go
    for (const [kind, list] of [
      ['DeploymentManager', 'deploymentManagers'],
      ['ResourcePool', 'resourcePools'],
      ['ResourceType', 'resourceTypes'],
      ['Location', 'locations'],
      ['OCloudSite', 'oCloudSites'],
    ] as const) {
      const there = await service.all(`${INVENTORY}/${list}`)
      const standing = new Map<string, JsonObject | undefined>()
      for (const { id, type, post } of ofKind(kind))
        type === DELETE ? standing.delete(id) : standing.set(id, still(post))
      expect([...standing.values()], kind).toEqual(expect.arrayContaining(there.map(still)))
      expect(standing.size, kind).toBe(there.length)
    }
  })

  test('NOT-02 notificationEventType is the number 0 for CREATE, 1 for MODIFY, 2 for DELETE', () => {
    expect([...new Set(told('all').map(({ type }) => type))].sort()).toEqual([CREATE, MODIFY, DELETE])
    const first = (kind: string, name: string) =>
      ofKind(kind).find(({ type, post }) => type === CREATE && post?.name === name)?.id
    const edge = first('DeploymentManager', 'edge')
    const types = ofKind('DeploymentManager').flatMap(({ id, type }) => (id === edge ? [type] : []))
    expect(types[0]).toBe(CREATE)
    expect(new Set(types.slice(1))).toEqual(new Set([MODIFY]))
    const made = ofKind('DeploymentManager').flatMap(({ id, type }) => (id === clusterId ? [type] : []))
    expect([made[0], made.at(-1)]).toEqual([CREATE, DELETE])
  })

  test('NOT-03 the prior state is told of MODIFY and DELETE, the state after of CREATE and MODIFY, as they were', () => {
    const last = new Map<string, JsonObject | undefined>()
    for (const { type, kind, id, prior, post } of told('all')) {
      expect([type, prior !== undefined, post !== undefined]).toEqual([type, type !== CREATE, type !== DELETE])
      const key = `${kind} ${id}`
      if (last.has(key)) expect(essence(prior), key).toEqual(last.get(key))
      if (type === MODIFY) expect(essence(prior), key).not.toEqual(essence(post))
      last.set(key, essence(post))
    }
    expect(last.size).toBeGreaterThan(20)
    const renamed = ofKind('DeploymentManager', MODIFY).find(({ post }) => post?.name === 'renamed')
    expect(renamed?.prior?.name).toBe('edge')
  })

  test('NOT-04 GEN-19 objectRef is the absolute URL of the object, in the state that was told; a DELETE has the one where it stood', async () => {
    const last = new Map(told('all').map((one) => [`${one.kind} ${one.id}`, one]))
    let read = 0
    for (const { type, ref, post, kind } of last.values()) {
      expect(ref?.startsWith(`${service.url}${INVENTORY}`), ref).toBe(true)
      const { status, body } = await service.call(new URL(ref ?? '').pathname)
      if (type === DELETE) {
        expect(status, `${kind} ${ref}`).toBe(404)
        continue
      }
      expect([status, still(body)], `${kind} ${ref}`).toEqual([200, still(post)])
      read += 1
    }
    expect(read).toBeGreaterThan(10)
    expect(told('all').filter(({ ref }) => ref === undefined)).toEqual([])
  })

  test('GEN-19 no type that is served has a Link, whose href would have to be absolute', () => {
    const { schemas } = service.contract.document.components
    const withHref = Object.entries(schemas).filter(([, { properties = {} }]) => 'href' in properties)
    expect(withHref.map(([name]) => name)).toEqual([])
  })

  test('NOT-05 consumerSubscriptionId comes back when it was given, and only then', () => {
    for (const consumer of ['all', 'managers']) {
      expect(told(consumer).length).toBeGreaterThan(0)
      for (const { body } of told(consumer)) expect(body.consumerSubscriptionId).toBe(consumer)
    }
    expect(told('anonymous').length).toBeGreaterThan(0)
    for (const { body } of told('anonymous')) expect(body).not.toHaveProperty('consumerSubscriptionId')
  })

  test('NOT-06 no filter means all events; a filter selects those that match', () => {
    const plain = (path: string) => told(path).map(({ body: { consumerSubscriptionId: _, ...rest } }) => rest)
    expect(plain('anonymous')).toEqual(plain('all'))
    const selected = (holds: (one: Told) => boolean) => {
      const all = plain('all')
      return told('all').flatMap((one, index) => (holds(one) ? [all[index]] : []))
    }
    expect(plain('managers')).toEqual(selected(({ kind }) => kind === 'DeploymentManager'))
    const isOfNodes = ({ type, prior, post }: Told) =>
      type !== CREATE && String((post ?? prior)?.description).includes('Node')
    expect(plain('nodes')).toEqual(selected(isOfNodes))
    expect(plain('nodes').length).toBeGreaterThan(4)
    expect(plain('nodes').length).toBeLessThan(plain('all').length)
  })

  test('NOT-07 changes of notified attributes raise an event, those of extensions none', () => {
    const renamed = ofKind('DeploymentManager', MODIFY).find(({ post }) => post?.name === 'renamed')
    expect(Object(renamed?.prior?.extensions).labels).toEqual({ tier: 'gold' })
    // The labels came with no event of their own: whatever was told of before had none
    const before = ofKind('DeploymentManager').filter(({ id, post }) => id === renamed?.id && post?.name === 'edge')
    expect(before.length).toBeGreaterThan(0)
    for (const { prior, post } of before) expect(essence(post)).not.toEqual(essence(prior))
    for (const [kind, name] of [
      ['Location', 'Another place'],
      ['OCloudSite', 'Another site'],
    ] as const)
      expect(ofKind(kind, MODIFY).map(({ post }) => post?.name)).toContain(name)
    expect(ofKind('ResourcePool', MODIFY).map(({ post }) => String(post?.description))).toContainEqual(
      expect.stringContaining('renamed'),
    )
  })

  test('NOT-08 each kind of object is told of, in its own type', () => {
    const { contract } = service
    for (const [kind, , schema] of KINDS) {
      const some = ofKind(kind)
      expect(some.length, kind).toBeGreaterThan(0)
      for (const { prior, post } of some)
        for (const state of [prior, post]) if (state) expect(contract.faultsOfValue(schema, state), kind).toEqual([])
    }
    expect(ofKind('Cloud').map(({ type, prior, post }) => [type, prior?.name, post?.name])).toEqual([
      [MODIFY, 'before', 'after'],
    ])
  })

  test('NOT-09 a cluster that was provisioned is announced with its resources, and that it is gone', () => {
    expect(ofKind('DeploymentManager', CREATE).map(({ id }) => id)).toContain(clusterId)
    expect(ofKind('DeploymentManager', DELETE).map(({ id }) => id)).toContain(clusterId)
    const nodesOf = (type: number) =>
      ofKind('Resource', type).filter(
        ({ prior, post }) => Object((post ?? prior)?.extensions).deploymentManagerId === clusterId,
      )
    expect([nodesOf(CREATE).length, nodesOf(DELETE).length]).toEqual([2, 2])
  })
})
