import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster, KubernetesObject } from '../../../src/clusters/cluster.ts'
import { conditionOf } from '../../../src/clusters/fields.ts'
import { isCurrent } from '../../../src/clusters/readiness.ts'
import { createSimulatedClusters, type SimulatedClusters } from '../../../src/clusters/simulated/simulated-clusters.ts'
import type { JsonObject } from '../../../src/json.ts'
import type { Store } from '../../../src/store/store.ts'
import { eventually } from '../../harness/eventually.ts'
import { createTestStore, silentLog, type TestStore } from '../../harness/redis.ts'

const NAMESPACE = 'default'
const POD = { apiVersion: 'v1', kind: 'Pod' }

function workload(kind: string, name: string, cpu: string, spec: JsonObject = {}): KubernetesObject {
  const labels = { app: name }
  const container = { name: 'c', image: 'registry.k8s.io/pause:3.10', resources: { requests: { cpu } } }
  const selector: JsonObject = kind === 'Job' ? {} : { selector: { matchLabels: labels } }
  const restartPolicy: JsonObject = kind === 'Job' ? { restartPolicy: 'Never' } : {}
  return {
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name, namespace: NAMESPACE },
    spec: {
      ...selector,
      ...spec,
      template: { metadata: { labels }, spec: { ...restartPolicy, containers: [container] } },
    },
  }
}

describe('the controllers of simulated clusters', () => {
  let testStore: TestStore
  let clusters: SimulatedClusters
  let cluster: Cluster
  let controllers: { stop(): Promise<void> }
  const delays = { startMs: 20, runMs: 20 }

  beforeAll(async () => {
    testStore = await createTestStore()
    clusters = createSimulatedClusters({ store: testStore.store, log: silentLog(), delays })
    await clusters.initialise('o-1')
    controllers = clusters.startControllers()
    cluster = clusters.open('o-1')
  })
  afterAll(async () => {
    await controllers.stop()
    await testStore.stop()
  })

  const read = async ({ apiVersion, kind, metadata }: KubernetesObject) => {
    const found = await cluster.get({ apiVersion, kind, namespace: metadata.namespace, name: metadata.name })
    if (found === undefined) throw new Error(`${kind} ${metadata.name} is not there`)
    return found
  }
  const podsOf = (name: string, of = cluster) => of.list(POD, { namespace: NAMESPACE, labelSelector: `app=${name}` })
  const becomesCurrent = (object: KubernetesObject) =>
    eventually(async () => expect(isCurrent(await read(object))).toMatchObject({ current: true }))
  const remove = ({ apiVersion, kind, metadata }: KubernetesObject) =>
    cluster.delete({ apiVersion, kind, namespace: NAMESPACE, name: metadata.name })

  test('CoreDNS of a new cluster becomes Available', async () => {
    await eventually(async () => {
      const dns = await cluster.get({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        namespace: 'kube-system',
        name: 'coredns',
      })
      expect(dns && conditionOf(dns, 'Available')?.status).toBe('True')
    })
  })

  test('a Deployment that finds too little room is not Available and says why, and comes up when room is made', async () => {
    const first = workload('Deployment', 'first', '15', { replicas: 3 })
    await cluster.apply(first)
    await becomesCurrent(first)
    const second = workload('Deployment', 'second', '2', { replicas: 2 })
    await cluster.apply(second)
    await eventually(async () => {
      const condition = conditionOf(await read(second), 'Available')
      expect(condition).toMatchObject({ status: 'False', message: expect.stringContaining('3 Insufficient cpu') })
    })
    for (const pod of await podsOf('second')) {
      expect(pod.status?.phase).toBe('Pending')
      expect(conditionOf(pod, 'PodScheduled')).toMatchObject({ status: 'False', reason: 'Unschedulable' })
    }
    await remove(first)
    await becomesCurrent(second)
    expect(await podsOf('first')).toEqual([])
    await remove(second)
  })

  test('a pod whose image has no name that could be one does not start, and says so as a kubelet does', async () => {
    const wrong = workload('Deployment', 'misnamed', '10m')
    const text = JSON.stringify(wrong).replace('registry.k8s.io/pause:3.10', 'Registry/Pause:::3')
    await cluster.apply(JSON.parse(text))
    await eventually(async () => {
      const [pod] = await podsOf('misnamed')
      expect(pod?.status).toMatchObject({
        phase: 'Pending',
        containerStatuses: [
          {
            state: {
              waiting: {
                reason: 'InvalidImageName',
                message: expect.stringMatching(/^Failed to apply default image tag .*: invalid reference format$/),
              },
            },
          },
        ],
      })
    })
    await remove(wrong)
  })

  test('a changed template replaces the pods and keeps the old ones until the new ones run', async () => {
    const before = workload('Deployment', 'rolls', '10m', { replicas: 3 })
    await cluster.apply(before)
    await becomesCurrent(before)
    const old = new Set((await podsOf('rolls')).map(({ metadata }) => metadata.uid))
    let least = 3
    const abort = new AbortController()
    const watching = (async () => {
      for await (const event of cluster.watch(
        { apiVersion: 'apps/v1', kind: 'Deployment' },
        { namespace: NAMESPACE, name: 'rolls' },
        abort.signal,
      )) {
        if ('object' in event) least = Math.min(least, Number(event.object.status?.availableReplicas ?? 0))
      }
    })().catch((error: unknown) => error)
    const after = workload('Deployment', 'rolls', '20m', { replicas: 3 })
    await cluster.apply(after)
    await becomesCurrent(after)
    const now = await podsOf('rolls')
    expect(now).toHaveLength(3)
    for (const { metadata } of now) expect(old.has(metadata.uid)).toBe(false)
    abort.abort()
    await watching
    expect(least).toBe(3)
    await remove(after)
  })

  test('scaling down to nothing is current with no pods', async () => {
    const object = workload('Deployment', 'shrinks', '10m', { replicas: 4 })
    await cluster.apply(object)
    await becomesCurrent(object)
    const none = workload('Deployment', 'shrinks', '10m', { replicas: 0 })
    await cluster.apply(none)
    await eventually(async () => expect(await podsOf('shrinks')).toEqual([]))
    await becomesCurrent(none)
  })

  test('a Deployment that makes no progress in time fails', async () => {
    const object = workload('Deployment', 'stuck', '17', { progressDeadlineSeconds: 1 })
    await cluster.apply(object)
    await eventually(async () => expect(isCurrent(await read(object)).failed).toBe(true), 8000)
    await remove(object)
  })

  test('StatefulSets, DaemonSets, ReplicaSets and Jobs come up and tell of their pods', async () => {
    const objects = [
      workload('StatefulSet', 'db', '10m', { replicas: 2, serviceName: 'db' }),
      workload('DaemonSet', 'agent', '10m'),
      workload('ReplicaSet', 'set', '10m', { replicas: 2 }),
    ]
    for (const object of objects) await cluster.apply(object)
    for (const object of objects) await becomesCurrent(object)
    expect((await podsOf('db')).map(({ metadata }) => metadata.name)).toEqual(['db-0', 'db-1'])
    const nodes = (await podsOf('agent')).map(({ spec }) => spec?.nodeName)
    expect(nodes.sort()).toEqual(['node-0', 'node-1', 'node-2'])
    const job = workload('Job', 'once', '10m', { completions: 2, parallelism: 2 })
    await cluster.apply(job)
    await eventually(async () => expect(conditionOf(await read(job), 'Complete')?.status).toBe('True'))
  })

  test('a claim is bound', async () => {
    const claim: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace: NAMESPACE },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    }
    await cluster.apply(claim)
    await becomesCurrent(claim)
  })

  test('a pod that stands alone runs, and is owned by whoever applied it', async () => {
    const pod: KubernetesObject = {
      ...POD,
      metadata: { name: 'alone', namespace: NAMESPACE },
      spec: { containers: [{ name: 'c', image: 'registry.k8s.io/pause:3.10' }] },
    }
    await cluster.apply(pod)
    await becomesCurrent(pod)
    const before = await read(pod)
    expect((await cluster.apply(pod)).metadata.resourceVersion).toBe(before.metadata.resourceVersion)
  })

  test('a namespace whose deleter died is finished, also after what held it is gone', async () => {
    const name = 'held'
    const ref = { apiVersion: 'v1', kind: 'Namespace', name }
    const held = (finalizers: string[]): KubernetesObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: name, ...(finalizers.length > 0 && { finalizers }) },
    })
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    await cluster.apply(held(['test.dev/hold']))
    expect(await cluster.delete(ref)).toBe(true)
    expect((await cluster.get(ref))?.status).toEqual({ phase: 'Terminating' })
    await expect(cluster.apply({ ...held([]), metadata: { name: 'b', namespace: name } })).rejects.toMatchObject({
      code: 'APPLY_FAILED',
      retryable: true,
    })
    await cluster.apply(held([]))
    await eventually(async () => expect(await cluster.get(ref)).toBeUndefined(), 8000)
  })
})

describe('controllers and processes', () => {
  const delays = { startMs: 400 }
  let testStore: TestStore
  let second: Store | undefined

  beforeAll(async () => {
    testStore = await createTestStore({ leaseMs: 1000 })
  })
  afterAll(async () => {
    await second?.close()
    await testStore.stop()
  })

  test('what one process began, another one finishes after it is gone', async () => {
    const one = createSimulatedClusters({ store: testStore.store, log: silentLog(), delays })
    await one.initialise('o-2')
    const first = one.startControllers()
    const cluster = one.open('o-2')
    await cluster.apply(workload('Deployment', 'du', '1', { replicas: 5 }))
    const podsNow = () => cluster.list(POD, { namespace: NAMESPACE })
    await eventually(async () => expect(await podsNow()).toHaveLength(5))
    await first.stop()
    expect((await podsNow()).filter(({ status }) => status?.phase === 'Running')).toHaveLength(0)
    const uids = (await podsNow()).map(({ metadata }) => metadata.uid)

    second = await testStore.another({ leaseMs: 1000 })
    const two = createSimulatedClusters({ store: second, log: silentLog(), delays })
    const other = two.startControllers()
    try {
      await eventually(async () => {
        const found = await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: NAMESPACE, name: 'du' })
        expect(found && isCurrent(found).current).toBe(true)
      }, 8000)
      expect((await podsNow()).map(({ metadata }) => metadata.uid)).toEqual(uids)
    } finally {
      await other.stop()
    }
  })

  test('one process at a time runs them, and the next one takes over', async () => {
    const one = createSimulatedClusters({ store: testStore.store, log: silentLog(), delays: { startMs: 20 } })
    second ??= await testStore.another({ leaseMs: 1000 })
    const two = createSimulatedClusters({ store: second, log: silentLog(), delays: { startMs: 20 } })
    const first = one.startControllers()
    await eventually(async () => expect(await testStore.store.leases.isHeld('simulated-controllers')).toBe(true))
    const standby = two.startControllers()
    try {
      await first.stop()
      await two.initialise('o-3')
      const cluster = two.open('o-3')
      await eventually(async () => {
        const dns = await cluster.get({
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          namespace: 'kube-system',
          name: 'coredns',
        })
        expect(dns && isCurrent(dns).current).toBe(true)
      }, 8000)
    } finally {
      await standby.stop()
    }
  })
})
