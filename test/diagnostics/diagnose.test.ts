import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cluster } from '../../src/clusters/cluster.ts'
import { writeStatus } from '../../src/clusters/simulated/controllers/write-status.ts'
import { createSimulatedClusters, type SimulatedClusters } from '../../src/clusters/simulated/simulated-clusters.ts'
import { diagnose } from '../../src/diagnostics/diagnose.ts'
import type { DiagnosePorts, Target } from '../../src/diagnostics/subject.ts'
import { jobThatCannotStart } from '../harness/failed-job.ts'
import { needs } from '../harness/needs.ts'
import { createTestStore, silentLog, type TestStore } from '../harness/redis.ts'

const NAMESPACE = 'focom-system'

describe('a diagnosis', needs('redis'), () => {
  let testStore: TestStore
  let clusters: SimulatedClusters
  let cluster: Cluster
  beforeAll(async () => {
    testStore = await createTestStore()
    clusters = createSimulatedClusters({ store: testStore.store, log: silentLog() })
    await clusters.initialise('o-1')
    cluster = clusters.open('o-1')
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })
  })
  afterAll(() => testStore?.stop())

  const nothing = { objects: [], operatorNamespaces: [], inventories: [] }
  const target: Target = { ...nothing, oCloudId: 'o-1', name: 'o-1', namespaces: [NAMESPACE] }
  const status = async () => ({ reachable: true, version: 'v1', checkedAt: '' })
  const ports = (more: Partial<DiagnosePorts> = {}): DiagnosePorts => ({
    open: async () => cluster,
    status,
    describe: async () => 'edge',
    lifecycle: () => ({}),
    ...more,
  })
  const look = (
    targets: Target[],
    more: Partial<DiagnosePorts> = {},
    limitMs = 2_000,
    signal = new AbortController().signal,
  ) =>
    diagnose(
      { reference: 'r', since: '2026-01-01T00:01:30.500Z', generation: 1, phase: 'FAILED', targets },
      {
        limitMs,
        signal,
        redact: (text) => text.replaceAll('swordfish', '[secret]'),
        ports: ports(more),
        clock: () => new Date(),
      },
    )

  it('is not spoilt by a look that hangs or fails: the others are told, and what is missing is named', async () => {
    const troubled: Cluster = {
      ...cluster,
      list: async (kind, selection, options) => {
        if (kind.kind === 'Event') return new Promise(() => undefined)
        if (kind.kind === 'Node') throw new Error('nodes is forbidden for swordfish')
        return cluster.list(kind, selection, options)
      },
    }
    const began = performance.now()
    const { targets } = await look([target], { open: async () => troubled }, 300)
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(targets[0]).toMatchObject({ name: 'edge', reachable: true, pods: [], workloads: [], kptInventory: [] })
    expect(targets[0]?.notCollected).toEqual(
      expect.arrayContaining([
        { what: 'events', why: expect.stringContaining('timed out') },
        { what: 'nodes', why: 'nodes is forbidden for [secret]' },
      ]),
    )
  })

  it('is made of the other targets when one does not answer at all', async () => {
    const other = { ...target, oCloudId: 'o-2', name: 'o-2' }
    const hangs = (oCloudId: string) => (oCloudId === 'o-2' ? new Promise<never>(() => undefined) : status())
    const { targets } = await look([target, other], { status: hangs }, 300)
    expect(targets).toMatchObject([
      { reachable: true },
      { reachable: false, message: expect.stringContaining('timed out') },
    ])
  })

  it('ends when its signal does', async () => {
    const stop = new AbortController()
    const looking = look([target], { status: () => new Promise<never>(() => undefined) }, 10_000, stop.signal)
    stop.abort(new Error('the worker stops'))
    await expect(looking).rejects.toThrow('the worker stops')
  })

  it('has events newest first, operator logs, kpt’s inventory and the logs of nodes', async () => {
    for (const [name, minute, message] of [
      ['old', '01', 'first'],
      ['new', '02', 'then swordfish'],
    ])
      await cluster.apply({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: name ?? '', namespace: NAMESPACE },
        type: 'Warning',
        reason: 'FailedMount',
        message: message ?? '',
        lastTimestamp: `2026-01-01T00:${minute}:00Z`,
        involvedObject: { kind: 'Pod', namespace: NAMESPACE, name: 'focom' },
      })
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'focom',
        namespace: NAMESPACE,
        labels: { 'app.kubernetes.io/name': 'focom-operator' },
        annotations: { 'o2ims.simulated/log': 'reconciling\nfailed to reach the edge' },
      },
      spec: { containers: [{ name: 'manager', image: 'focom' }] },
    })
    const group = await cluster.apply({
      apiVersion: 'kpt.dev/v1alpha1',
      kind: 'ResourceGroup',
      metadata: { name: 'inventory', namespace: NAMESPACE },
      spec: { resources: [{ group: 'apps', kind: 'Deployment', namespace: NAMESPACE, name: 'focom' }] },
    })
    await writeStatus(cluster, group, () => ({
      resourceStatuses: [
        {
          group: 'apps',
          kind: 'Deployment',
          namespace: NAMESPACE,
          name: 'focom',
          status: 'InProgress',
          conditions: [{ type: 'Reconciling', message: 'Replicas: 0/1' }],
        },
        { group: '', kind: 'Service', namespace: NAMESPACE, name: 'focom', status: 'Current', conditions: [] },
      ],
    }))
    const made = { driver: 'kind' as const, clusterName: 'edge' }
    const logs = async () => [{ name: 'edge-control-plane/kubelet.log', text: 'token: abcdef0123' }]
    const inventories = [{ namespace: NAMESPACE, name: 'inventory' }]
    const objects = [{ apiVersion: 'v1', kind: 'Pod', namespace: NAMESPACE, name: 'focom' }]
    const { targets, causes } = await look([{ ...target, objects, made, inventories }], { lifecycle: () => ({ logs }) })
    expect(targets[0]).toMatchObject({
      events: [
        { message: 'then [secret]', ours: true, object: `Pod ${NAMESPACE}/focom`, at: '2026-01-01T00:02:00.000Z' },
        { message: 'first', ours: false },
      ],
      operatorLogs: [
        { namespace: NAMESPACE, pod: 'focom', phase: 'Pending', log: 'reconciling\nfailed to reach the edge' },
      ],
      kptInventory: [
        {
          objects: 1,
          notCurrent: [{ object: `Deployment ${NAMESPACE}/focom`, status: 'InProgress', message: 'Replicas: 0/1' }],
        },
      ],
      kindLogs: [{ name: 'edge-control-plane/kubelet.log', text: 'token: [secret]' }],
      notCollected: [],
    })
    expect(causes[0]).toContain('FailedMount: then [secret]')
  })

  it('tells what concerns the request and happened in its time from the events of others', async () => {
    const namespace = 'shared'
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    for (const [name, second] of [
      ['du-7c5d8f9b6d', '29'],
      ['du-7c5d8f9b6d', '30'],
      ['du-7c5d8f9b6d', '45'],
      ['other-7c5d8f9b6d', '50'],
    ])
      await cluster.apply({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: `${name}.${second}`, namespace },
        type: 'Warning',
        reason: 'FailedCreate',
        message: `at ${second}`,
        lastTimestamp: `2026-01-01T00:01:${second}Z`,
        involvedObject: { kind: 'ReplicaSet', namespace, name: name ?? '' },
      })
    const objects = [{ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'du' }]
    const { targets, causes } = await look([{ ...target, objects, namespaces: [namespace] }])
    expect(targets[0]?.events?.map(({ message, ours }) => [message, ours])).toEqual([
      ['at 50', false],
      ['at 45', true],
      ['at 30', true],
      ['at 29', false],
    ])
    expect(causes.filter((cause) => cause.includes('FailedCreate'))).toEqual([
      'ReplicaSet shared/du-7c5d8f9b6d on edge: FailedCreate: at 45',
    ])
  })

  it('looks for operators where the request says that they run, and where it has put them', async () => {
    const operator = (namespace: string, name: string, labels: Record<string, string>) =>
      cluster.apply({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace, labels },
        spec: { containers: [{ name: 'manager', image: 'operator' }] },
      })
    for (const name of ['named', 'applied'])
      await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    await operator('named', 'manager', { 'control-plane': 'controller-manager' })
    await operator('applied', 'focom', { 'app.kubernetes.io/name': 'focom-operator' })
    await operator('applied', 'workload', { 'control-plane': 'controller-manager' })
    const { targets } = await look([{ ...target, operatorNamespaces: ['named'], namespaces: ['applied'] }])
    const found = targets[0]?.operatorLogs?.map(({ namespace, pod }) => `${namespace}/${pod}`)
    expect(found).toEqual(expect.arrayContaining(['named/manager', 'applied/focom']))
    expect(found).not.toContain('applied/workload')
  })

  it('says why the container of a failed Job could not start', async () => {
    const namespace = 'jobs'
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    const job = await jobThatCannotStart(cluster, namespace)
    const objects = [{ apiVersion: 'batch/v1', kind: 'Job', namespace, name: job.metadata.name }]
    const { causes } = await look([{ ...target, objects, namespaces: [namespace] }])
    expect(causes[0]).toMatch(
      /^hook Job jobs\/smoke on edge failed: BackoffLimitExceeded.*; its pod ended with exit code 128: StartError: .*exec: "\/nope": stat \/nope: no such file or directory/,
    )
  })

  it('of a cluster whose making failed has the logs of its nodes', async () => {
    const logs = async () => [{ name: 'node.log', text: 'no space left' }]
    const unregistered = {
      ...nothing,
      name: 'half',
      namespaces: [],
      made: { driver: 'kind' as const, clusterName: 'half' },
    }
    const { targets } = await look([unregistered], { lifecycle: () => ({ logs }) })
    expect(targets).toMatchObject([
      { name: 'half', reachable: false, message: 'it was not registered yet', kindLogs: [{ text: 'no space left' }] },
    ])
  })
})
