import { beforeAll, expect, test } from 'vitest'
import type { KindRef, KubernetesObject } from '../../../src/clusters/cluster.ts'
import { isCurrent } from '../../../src/clusters/readiness.ts'
import { type Arena, eventually, NAMESPACE, unique } from './arena.ts'
import { about } from './watch-recorder.ts'

const CRD: KindRef = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }

export function customResourceRules(arena: Arena): void {
  const group = `${unique('rules')}.o2ims.dev`
  const WIDGET: KindRef = { apiVersion: `${group}/v1`, kind: 'Widget' }
  const widget = (namespace: string, name: string, size: number): KubernetesObject => ({
    ...WIDGET,
    metadata: { name, namespace },
    spec: { size },
  })

  beforeAll(async () => {
    const cluster = arena.cluster()
    expect(await cluster.scope(WIDGET)).toBeUndefined()
    const watch = arena.watch(CRD, { name: `widgets.${group}` })
    await watch.synced()
    await cluster.apply(widgetDefinition(group))
    await watch.next('the CRD is established', (event) => 'object' in event && isCurrent(event.object).current)
    await watch.stop()
    await eventually('the kind is served', async () => await cluster.scope(WIDGET))
  })

  test('the scope of a kind is known: namespaced, cluster, or no such kind', async () => {
    const cluster = arena.cluster()
    expect(await cluster.scope({ apiVersion: 'v1', kind: 'ConfigMap' })).toBe('Namespaced')
    expect(await cluster.scope({ apiVersion: 'apps/v1', kind: 'Deployment' })).toBe('Namespaced')
    expect(await cluster.scope(NAMESPACE)).toBe('Cluster')
    expect(await cluster.scope({ apiVersion: 'v1', kind: 'Node' })).toBe('Cluster')
    expect(await cluster.scope(CRD)).toBe('Cluster')
    expect(await cluster.scope(WIDGET)).toBe('Namespaced')
    expect(await cluster.scope({ apiVersion: 'v1', kind: 'NoSuchKind' })).toBeUndefined()
    expect(await cluster.scope({ apiVersion: 'no.such/v1', kind: 'Thing' })).toBeUndefined()
    expect(await cluster.scope({ apiVersion: `${group}/v2`, kind: 'Widget' })).toBeUndefined()
  })

  test('an object of a kind that the server does not know is refused, and the kind is named', async () => {
    const namespace = await arena.namespace()
    const refusal = arena
      .cluster()
      .apply({ apiVersion: 'no.such/v1', kind: 'Thing', metadata: { name: 'a', namespace } })
    await expect(refusal).rejects.toMatchObject({ code: 'APPLY_FAILED', retryable: false })
    await expect(refusal).rejects.toThrow(/no\.such\/v1.*Thing/)
  })

  test('a custom resource is applied, read, listed, watched and deleted like any other', async () => {
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    const watch = arena.watch(WIDGET, { namespace })
    await watch.synced()
    const made = await cluster.apply(widget(namespace, 'a', 1))
    expect(made.metadata.generation).toBe(1)
    expect((await cluster.apply(widget(namespace, 'a', 1))).metadata.resourceVersion).toBe(
      made.metadata.resourceVersion,
    )
    expect((await cluster.apply(widget(namespace, 'a', 2))).metadata.generation).toBe(2)
    expect(await cluster.list(WIDGET, { namespace })).toMatchObject([{ kind: 'Widget', spec: { size: 2 } }])
    expect(await cluster.delete({ ...WIDGET, namespace, name: 'a' })).toBe(true)
    await watch.next('a deleted', about('DELETED', 'a'))
    expect(watch.lines()).toEqual(['SYNCED', 'ADDED a', 'MODIFIED a', 'DELETED a'])
  })

  test('the status of a custom resource is written apart from its spec, and the generation stays', async () => {
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    const made = await cluster.apply(widget(namespace, 'a', 1))
    const watch = arena.watch(WIDGET, { namespace, name: 'a' })
    await watch.synced()
    const written = await cluster.updateStatus({ ...made, spec: { size: 99 }, status: { phase: 'Ready' } })
    expect(written).toMatchObject({ spec: { size: 1 }, status: { phase: 'Ready' }, metadata: { generation: 1 } })
    await watch.next(
      'the status',
      about('MODIFIED', 'a', (object) => object.status?.phase === 'Ready'),
    )
    const applied = await cluster.apply(widget(namespace, 'a', 2))
    expect(applied).toMatchObject({ spec: { size: 2 }, status: { phase: 'Ready' }, metadata: { generation: 2 } })
  })

  test('a status on top of an old resourceVersion is a CONFLICT', async () => {
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    const old = await cluster.apply(widget(namespace, 'a', 1))
    await cluster.apply(widget(namespace, 'a', 2))
    await expect(cluster.updateStatus({ ...old, status: { phase: 'Late' } })).rejects.toMatchObject({
      code: 'CONFLICT',
    })
    const now = await cluster.get({ ...WIDGET, namespace, name: 'a' })
    expect(now?.status).toBeUndefined()
    await expect(
      cluster.updateStatus({ ...widget(namespace, 'none', 1), status: { phase: 'Late' } }),
    ).rejects.toMatchObject({ code: 'APPLY_FAILED' })
  })

  test('a status without a resourceVersion is refused: it could overwrite what somebody else wrote', async () => {
    const namespace = await arena.namespace()
    await arena.cluster().apply(widget(namespace, 'a', 1))
    await expect(
      arena.cluster().updateStatus({ ...widget(namespace, 'a', 1), status: { phase: 'Blind' } }),
    ).rejects.toMatchObject({ code: 'APPLY_FAILED', retryable: false })
  })

  test('a deleted CRD takes its custom resources and its kind along', async () => {
    const doomed = `${unique('doomed')}.o2ims.dev`
    const kind: KindRef = { apiVersion: `${doomed}/v1`, kind: 'Widget' }
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    await cluster.apply(widgetDefinition(doomed))
    await eventually('the kind is served', async () => await cluster.scope(kind))
    await eventually(
      'a widget is taken',
      async () => await cluster.apply({ ...kind, metadata: { name: 'a', namespace } }).catch(() => undefined),
    )
    expect(await cluster.delete({ ...CRD, name: `widgets.${doomed}` })).toBe(true)
    await eventually('the widget is gone', async () =>
      (await cluster.get({ ...kind, namespace, name: 'a' })) === undefined ? true : undefined,
    )
  })
}

function widgetDefinition(group: string): KubernetesObject {
  const size = { type: 'object', properties: { size: { type: 'integer' } } }
  const status = { type: 'object', properties: { phase: { type: 'string' } } }
  return {
    ...CRD,
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: size, status } } },
        },
      ],
    },
  }
}
