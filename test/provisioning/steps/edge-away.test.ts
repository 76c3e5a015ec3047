import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../harness/eventually.ts'
import { needs } from '../../harness/needs.ts'
import { type FlowWorld, FOCOM_KINDS, flowWorld, ref, versions } from './flow-world.ts'

const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' }
const where = { smo: 'sim-smo', edge: 'sim-edge', namespace: 'ran' }

describe('an edge that is away while a request is undone', needs('redis'), () => {
  let world: FlowWorld

  beforeAll(async () => {
    world = await flowWorld({ undoTimeoutMs: 6_000 })
  })
  afterEach(() => world.away.clear())
  afterAll(() => world.stop())

  const leftOn = async (...clusters: FlowWorld['smo'][]) => {
    const found = await Promise.all(clusters.map((cluster) => versions(cluster, FOCOM_KINDS)))
    return found.flatMap(Object.keys).filter((name) => !/default|kube-|coredns/.test(name))
  }
  test('keeps nothing on the SMO: a DELETE goes on over there when it is back', async () => {
    const { phase } = await world.provision('deleted', 'edge-5g', where)
    expect(phase).toBe('FULFILLED')
    world.away.add(world.edge.oCloudId)
    const left = await world.remove('deleted')
    expect(left?.phase).toBe('DELETING')
    expect(left?.message).toMatch(/workload: could not be removed: .*request: could not be removed: .*ims: /)
    expect(await leftOn(world.smo)).toEqual([])
    expect(await world.edge.get(ref(DEPLOYMENT, 'du', 'ran'))).toBeDefined()

    world.away.clear()
    expect(await world.remove('deleted')).toBeUndefined()
    expect(await leftOn(world.smo, world.edge)).toEqual([])
  })

  test('keeps nothing on the SMO either when the request has failed, and is told as what is left', async () => {
    const silent = { simulation: { silentAt: 'ready' }, timeoutSeconds: 5 }
    const failing = world.provision('failed', 'edge-5g', where, silent)
    await eventually(async () => expect(await world.edge.get(ref(DEPLOYMENT, 'du', 'ran'))).toBeDefined())
    world.away.add(world.edge.oCloudId)
    const { error, phase } = await failing
    world.away.clear()
    expect([phase, error?.code, error?.firstCode]).toEqual(['FAILED', 'CLEANUP_FAILED', 'TIMEOUT'])
    expect(error?.left.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['Deployment', 'ProvisioningRequest']))
    expect(error?.undone.map(({ kind }) => kind)).toContain('Secret')
    expect(await leftOn(world.smo)).toEqual([])
  })
})
