import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster, KubernetesObject, ObjectRef } from '../../../src/clusters/cluster.ts'
import { createKubernetesCluster } from '../../../src/clusters/kubernetes/cluster.ts'
import { OWNER_LABEL, STEP_LABEL } from '../../../src/clusters/ownership.ts'
import { manifests } from '../../../src/provisioning/steps/manifests.ts'
import { ALL_PARTS, type ControlPlane, startControlPlane } from '../../harness/control-plane.ts'
import { needs } from '../../harness/needs.ts'
import { silentLog } from '../../harness/redis.ts'
import { type TestContextParts, testContext } from '../../harness/step-context.ts'
import { manifestDeathRules } from './manifest-death-rules.ts'
import { configMap, deployment, inNamespace, namespaceObject } from './objects.ts'

describe('the manifests step on a real API server', needs('control-plane', 'kwok'), () => {
  let plane: ControlPlane
  let cluster: Cluster

  beforeAll(async () => {
    plane = await startControlPlane({ parts: ALL_PARTS })
    await plane.addNode()
    cluster = createKubernetesCluster({ oCloudId: 'edge', kubeconfig: plane.kubeconfig, log: silentLog() })
  })
  afterAll(async () => {
    await cluster?.close()
    await plane?.stop()
  })

  const unique = () => `steps-${randomBytes(4).toString('hex')}`
  const context = (parts: TestContextParts = {}) => testContext({ clusters: [cluster], ...parts })
  const given = (objects: KubernetesObject[]) => manifests.inputs.parse({ target: 'edge', objects })
  const uidOf = async (ref: ObjectRef) => (await cluster.get(ref))?.metadata.uid

  async function foreignNamespace(): Promise<string> {
    const name = unique()
    const answer = await plane.client.call('POST', '/api/v1/namespaces', { metadata: { name } })
    expect(answer.status).toBe(201)
    return name
  }

  test('objects are made with our labels, and an undo leaves nothing of them', async () => {
    const namespace = unique()
    const objects = [deployment(namespace, 'du'), configMap(namespace, 'settings'), namespaceObject(namespace)]
    const { context: run, checkpoints } = context({ reference: randomUUID(), step: 'base' })
    const made = await manifests.apply(given(objects), undefined, run)
    await manifests.verify(given(objects), made, run)

    expect(made.objects.map(({ kind, action, madeIn }) => [kind, action, madeIn])).toEqual([
      ['Namespace', 'created', 1],
      ['ConfigMap', 'created', 1],
      ['Deployment', 'created', 1],
    ])
    expect(checkpoints[0]?.objects.every((object) => object.uid === undefined && object.madeIn === 1)).toBe(true)
    const live = await cluster.get(inNamespace('apps/v1', 'Deployment', namespace, 'du'))
    expect(live?.metadata.labels).toMatchObject({ [OWNER_LABEL]: run.request.reference, [STEP_LABEL]: 'base' })

    const { undone, left } = await manifests.undo(made, 'all', run)
    expect(left).toEqual([])
    expect(undone.map(({ kind }) => kind)).toEqual(['Deployment', 'ConfigMap', 'Namespace'])
    expect(await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace })).toBeUndefined()
  })

  test('a second run on an unchanged world changes no resourceVersion', async () => {
    const namespace = await foreignNamespace()
    const inputs = given([configMap(namespace, 'settings'), deployment(namespace, 'du')])
    const first = context()
    const made = await manifests.apply(inputs, undefined, first.context)
    const ref = inNamespace('v1', 'ConfigMap', namespace, 'settings')
    const before = await cluster.get(ref)
    const { reference } = first.context.request
    const again = await manifests.apply(inputs, made, context({ reference, generation: 2 }).context)
    expect((await cluster.get(ref))?.metadata.resourceVersion).toBe(before?.metadata.resourceVersion)
    expect(again.objects.find(({ kind }) => kind === 'ConfigMap')).toMatchObject({ action: 'unchanged', madeIn: 1 })
  })

  test('what belongs to another request, a foreign inventory or a person is refused by name, before anything is written', async () => {
    const namespace = await foreignNamespace()
    const other = context({ reference: 'f00d', step: 'other' })
    await manifests.apply(given([configMap(namespace, 'theirs')]), undefined, other.context)
    const post = (metadata: object) =>
      plane.client.call('POST', `/api/v1/namespaces/${namespace}/configmaps`, { metadata })
    await post({ name: 'inventoried', annotations: { 'config.k8s.io/owning-inventory': 'somebody-s' } })
    await post({ name: 'handmade' })

    const names = ['ours', 'theirs', 'inventoried', 'handmade']
    const { context: run, checkpoints } = context()
    const attempt = manifests.apply(given(names.map((name) => configMap(namespace, name))), undefined, run)
    await expect(attempt).rejects.toMatchObject({ code: 'CONFLICT', retryable: false })
    await expect(attempt).rejects.toThrow(/theirs belongs to provisioning request f00d/)
    await expect(attempt).rejects.toThrow(/inventoried belongs to kpt inventory somebody-s/)
    await expect(attempt).rejects.toThrow(/handmade belongs to somebody else/)
    expect(checkpoints).toEqual([])
    expect(await cluster.get(inNamespace('v1', 'ConfigMap', namespace, 'ours'))).toBeUndefined()
  })

  test('a namespace that exists is used as it is, and stays', async () => {
    const namespace = await foreignNamespace()
    const objects = [namespaceObject(namespace), configMap(namespace, 'settings')]
    const { context: run } = context()
    const made = await manifests.apply(given(objects), undefined, run)
    expect(made.objects[0]).toMatchObject({ kind: 'Namespace', action: 'unchanged' })
    expect(made.objects[0]?.madeIn).toBeUndefined()
    const { undone } = await manifests.undo(made, 'all', run)
    expect(undone.map(({ kind }) => kind)).toEqual(['ConfigMap'])
    const live = await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
    expect(live?.metadata.labels?.[OWNER_LABEL]).toBeUndefined()
    expect(live?.metadata.deletionTimestamp).toBeUndefined()
  })

  test('a change updates what differs and removes what is no longer named', async () => {
    const namespace = await foreignNamespace()
    const reference = randomUUID()
    const first = await manifests.apply(
      given([configMap(namespace, 'kept', { a: '1' }), configMap(namespace, 'dropped')]),
      undefined,
      context({ reference }).context,
    )
    const second = context({ reference, generation: 2 })
    const wanted = given([configMap(namespace, 'kept', { a: '2' }), configMap(namespace, 'added')])

    const changes = await manifests.plan(wanted, first, second.context)
    expect(changes.map(({ action, object }) => [action, object.name])).toEqual([
      ['update', 'kept'],
      ['create', 'added'],
      ['delete', 'dropped'],
    ])

    const made = await manifests.apply(wanted, first, second.context)
    expect(made.objects.map(({ name, action, madeIn }) => [name, action, madeIn])).toEqual([
      ['kept', 'updated', 1],
      ['dropped', 'deleted', 1],
      ['added', 'created', 2],
    ])
    expect(await uidOf(inNamespace('v1', 'ConfigMap', namespace, 'dropped'))).toBeUndefined()

    const { undone } = await manifests.undo(made, 'generation', second.context)
    expect(undone.map(({ name }) => name)).toEqual(['added'])
    expect(await uidOf(inNamespace('v1', 'ConfigMap', namespace, 'kept'))).toBeDefined()
  })

  test('a plan writes nothing but dry runs, and says so for what does not exist', async () => {
    const namespace = unique()
    const since = Date.now()
    const inputs = given([namespaceObject(namespace), configMap(namespace, 'settings'), deployment(namespace, 'du')])
    const changes = await manifests.plan(inputs, undefined, context().context)
    expect(changes.map(({ action, object }) => `${action} ${object.kind}`)).toEqual([
      'create Namespace',
      'create ConfigMap',
      'create Deployment',
    ])
    expect(plane.audit.writes({ user: 'admin', since })).toEqual([])
  })

  test('a plan of what the server would refuse fails with its words', async () => {
    const namespace = await foreignNamespace()
    const broken = deployment(namespace, 'du')
    const inputs = given([{ ...broken, spec: { ...broken.spec, replicaz: 1 } }])
    await expect(manifests.plan(inputs, undefined, context().context)).rejects.toMatchObject({ code: 'APPLY_FAILED' })
  })

  test('a failure half-way says how many stand, with the words of the server, and is undone', async () => {
    const namespace = await foreignNamespace()
    const rules = [
      { apiGroups: [''], resources: ['configmaps', 'pods'], verbs: ['*'] },
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
    ]
    const user = await plane.user({ rules })
    const limited = createKubernetesCluster({ oCloudId: 'edge', kubeconfig: user.kubeconfig, log: silentLog() })
    try {
      const { context: run, last } = context({ clusters: [limited] })
      const inputs = given([configMap(namespace, 'a'), configMap(namespace, 'b'), deployment(namespace, 'cu')])
      const attempt = manifests.apply(inputs, undefined, run)
      await expect(attempt).rejects.toMatchObject({ code: 'APPLY_FAILED', retryable: false })
      await expect(attempt).rejects.toThrow(/^2 of 3 objects applied, .*deployments\.apps.* forbidden/s)
      const made = last()
      if (made === undefined) throw new Error('nothing was written down')
      const { undone, left } = await manifests.undo(made, 'generation', run)
      expect(undone.map(({ name }) => name).sort()).toEqual(['a', 'b'])
      expect(left).toEqual([])
    } finally {
      await limited.close()
    }
  })

  test('a fenced worker writes nothing more', async () => {
    const namespace = await foreignNamespace()
    const { context: run, trip } = context({ onCheckpoint: () => trip() })
    await expect(manifests.apply(given([configMap(namespace, 'a')]), undefined, run)).rejects.toThrow(/taken over/)
    expect(await uidOf(inNamespace('v1', 'ConfigMap', namespace, 'a'))).toBeUndefined()
  })

  test('a namespace of ours in which somebody else works stays, and the reason is told', async () => {
    const namespace = unique()
    const { context: run } = context()
    const made = await manifests.apply(given([namespaceObject(namespace)]), undefined, run)
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments`
    expect((await plane.client.call('POST', path, deployment(namespace, 'theirs'))).status).toBe(201)
    const { left } = await manifests.undo(made, 'all', run)
    expect(left.map(({ kind, reason }) => `${kind}: ${reason}`)).toEqual([
      `Namespace: Deployment ${namespace}/theirs of somebody else is in it`,
    ])
    await plane.client.call('DELETE', `${path}/theirs`)
    expect((await manifests.undo(made, 'all', run)).left).toEqual([])
  })

  test('a namespace of ours that another request uses too goes with the last of them', async () => {
    const namespace = unique()
    const maker = context({ step: 'maker' })
    const tenant = context({ step: 'tenant' })
    const made = await manifests.apply(given([namespaceObject(namespace)]), undefined, maker.context)
    const used = await manifests.apply(given([configMap(namespace, 'settings')]), undefined, tenant.context)
    expect(await manifests.undo(made, 'all', maker.context)).toMatchObject({ left: [] })
    expect(await uidOf({ apiVersion: 'v1', kind: 'Namespace', name: namespace })).toBeDefined()
    expect(await manifests.undo(used, 'all', tenant.context)).toMatchObject({ left: [] })
    expect(await uidOf({ apiVersion: 'v1', kind: 'Namespace', name: namespace })).toBeUndefined()
  })

  test('a definition and its resources are made in order; it stays while resources of others exist', async () => {
    const { context: run } = context()
    const group = `${unique()}.example.com`
    const inputs = given([widget(group, 'ours'), definition(group)])
    const made = await manifests.apply(inputs, undefined, run)
    const path = `/apis/${group}/v1/namespaces/default/widgets`
    expect((await plane.client.call('POST', path, widget(group, 'theirs'))).status).toBe(201)
    const { left } = await manifests.undo(made, 'all', run)
    expect(left.map(({ kind, reason }) => `${kind}: ${reason}`)).toEqual([
      'CustomResourceDefinition: Widget default/theirs of somebody else needs it',
    ])
    await plane.client.call('DELETE', `${path}/theirs`)
    expect(await manifests.undo(made, 'all', run)).toMatchObject({ left: [] })
  })

  test('an O-Cloud that is away is waited for until the time limit of the undo, and then what is left is told', async () => {
    const namespace = await foreignNamespace()
    const { context: run } = context()
    const made = await manifests.apply(given([configMap(namespace, 'a')]), undefined, run)
    const { reference } = run.request
    plane.pause()
    try {
      const short = context({ reference, signal: AbortSignal.timeout(3_000) })
      const { undone, left } = await manifests.undo(made, 'all', short.context)
      expect(undone).toEqual([])
      expect(left[0]).toMatchObject({ name: 'a', reason: expect.stringMatching(/not removed in time/) })
      const patient = manifests.undo(made, 'all', context({ reference }).context)
      setTimeout(() => plane.resume(), 1_000)
      expect(await patient).toMatchObject({ left: [], undone: [{ name: 'a' }] })
    } finally {
      plane.resume()
    }
  })
})

manifestDeathRules('a real API server', realWorld, { needs: ['control-plane', 'kwok'] })

async function realWorld() {
  const plane = await startControlPlane({ parts: ALL_PARTS })
  await plane.addNode()
  const cluster = createKubernetesCluster({ oCloudId: 'edge', kubeconfig: plane.kubeconfig, log: silentLog() })
  return {
    cluster,
    async teardown() {
      await cluster.close()
      await plane.stop()
    },
  }
}

const definition = (group: string): KubernetesObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `widgets.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
})

const widget = (group: string, name: string): KubernetesObject => ({
  apiVersion: `${group}/v1`,
  kind: 'Widget',
  metadata: { name, namespace: 'default' },
})
