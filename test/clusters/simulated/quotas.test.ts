import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster, KubernetesObject } from '../../../src/clusters/cluster.ts'
import { conditionOf } from '../../../src/clusters/fields.ts'
import { isCurrent } from '../../../src/clusters/readiness.ts'
import { createSimulatedClusters } from '../../../src/clusters/simulated/simulated-clusters.ts'
import { eventually } from '../../harness/eventually.ts'
import { needs } from '../../harness/needs.ts'
import { createTestStore, silentLog, type TestStore } from '../../harness/redis.ts'

const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' }
const QUOTA = { apiVersion: 'v1', kind: 'ResourceQuota' }
const POD = { apiVersion: 'v1', kind: 'Pod' }

describe('a ResourceQuota of a simulated cluster', needs('redis'), () => {
  let testStore: TestStore
  let cluster: Cluster
  let controllers: { stop(): Promise<void> }

  beforeAll(async () => {
    testStore = await createTestStore()
    const delays = { startMs: 20, runMs: 20 }
    const clusters = createSimulatedClusters({ store: testStore.store, log: silentLog(), delays })
    await clusters.initialise('o-1')
    controllers = clusters.startControllers()
    cluster = clusters.open('o-1')
  })
  afterAll(async () => {
    await controllers?.stop()
    await testStore?.stop()
  })

  async function namespaceWith(name: string, hard: Record<string, string>): Promise<void> {
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    await cluster.apply({ ...QUOTA, metadata: { name: 'bound', namespace: name }, spec: { hard } })
  }

  function deployment(namespace: string, replicas: number, resources: object): KubernetesObject {
    const labels = { app: 'du' }
    const containers = [
      { name: 'c', image: 'registry.k8s.io/pause:3.10', resources: JSON.parse(JSON.stringify(resources)) },
    ]
    const template = { metadata: { labels }, spec: { containers } }
    return {
      ...DEPLOYMENT,
      metadata: { name: 'du', namespace },
      spec: { replicas, selector: { matchLabels: labels }, template },
    }
  }
  const du = async (namespace: string) => {
    const found = await cluster.get({ ...DEPLOYMENT, namespace, name: 'du' })
    if (found === undefined) throw new Error('du is not there')
    return found
  }

  test('lets as many pods be made as it has room for, says what keeps the others, and what is used', async () => {
    await namespaceWith('tight', { 'requests.cpu': '250m', pods: '10' })
    await cluster.apply(deployment('tight', 3, { requests: { cpu: '100m' } }))
    await eventually(async () => {
      const object = await du('tight')
      expect(conditionOf(object, 'ReplicaFailure')).toMatchObject({
        status: 'True',
        reason: 'FailedCreate',
        message: expect.stringMatching(
          /^pods "du-\S+" is forbidden: exceeded quota: bound, requested: requests.cpu=100m, used: requests.cpu=200m, limited: requests.cpu=250m$/,
        ),
      })
      expect(object.status?.readyReplicas).toBe(2)
    })
    expect(await cluster.list(POD, { namespace: 'tight' })).toHaveLength(2)
    await eventually(async () => {
      const quota = await cluster.get({ ...QUOTA, namespace: 'tight', name: 'bound' })
      expect(quota?.status?.used).toEqual({ 'requests.cpu': '200m', pods: '2' })
    })
    await cluster.apply({
      ...QUOTA,
      metadata: { name: 'bound', namespace: 'tight' },
      spec: { hard: { 'requests.cpu': '1' } },
    })
    await eventually(async () => expect(isCurrent(await du('tight'))).toMatchObject({ current: true }))
    expect(conditionOf(await du('tight'), 'ReplicaFailure')).toBeUndefined()
  })

  test('takes no pod that does not say what is bounded, and bounds no other namespace', async () => {
    await namespaceWith('strict', { 'limits.cpu': '4' })
    await namespaceWith('other', { 'limits.cpu': '4' })
    await cluster.apply(deployment('strict', 1, { requests: { cpu: '100m' } }))
    await cluster.apply(deployment('other', 1, { limits: { cpu: '3' } }))
    await eventually(async () => {
      const { message = '' } = conditionOf(await du('strict'), 'ReplicaFailure') ?? {}
      expect(message).toContain('failed quota: bound: must specify limits.cpu')
    })
    await eventually(async () => expect(isCurrent(await du('other'))).toMatchObject({ current: true }))
  })
})
