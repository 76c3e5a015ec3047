import { expect, test } from 'vitest'
import { type Arena, CONFIG_MAP, configMap, deployment, eventually, NAMESPACE, unique } from './arena.ts'

export function readRules(arena: Arena): void {
  test('get answers undefined for what is not there, its namespace neither', async () => {
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    expect(await cluster.get({ ...CONFIG_MAP, namespace, name: 'none' })).toBeUndefined()
    expect(await cluster.get({ ...CONFIG_MAP, namespace: unique('missing'), name: 'none' })).toBeUndefined()
    expect(await cluster.get({ apiVersion: 'no.such/v1', kind: 'Thing', namespace, name: 'none' })).toBeUndefined()
  })

  test('get and list answer what apply answered, with apiVersion and kind', async () => {
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    const made = await cluster.apply(configMap(namespace, 'a', { x: '1' }))
    expect(await cluster.get({ ...CONFIG_MAP, namespace, name: 'a' })).toEqual(made)
    expect(await cluster.list(CONFIG_MAP, { namespace, name: 'a' })).toEqual([made])
  })

  test('list selects by namespace, by name and by label', async () => {
    const [one, two] = [await arena.namespace(), await arena.namespace()]
    const cluster = arena.cluster()
    const app = unique('app')
    await cluster.apply(configMap(one, 'a', {}, { app, tier: 'front' }))
    await cluster.apply(configMap(one, 'b', {}, { app, tier: 'back' }))
    await cluster.apply(configMap(two, 'a', {}, { app }))
    const names = async (selection: Parameters<typeof cluster.list>[1]) =>
      (await cluster.list(CONFIG_MAP, selection)).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort()

    expect(await names({ labelSelector: `app=${app}` })).toEqual([`${one}/a`, `${one}/b`, `${two}/a`].sort())
    expect(await names({ namespace: one, labelSelector: `app=${app}` })).toEqual([`${one}/a`, `${one}/b`])
    expect(await names({ labelSelector: `app=${app},tier=back` })).toEqual([`${one}/b`])
    expect(await names({ labelSelector: `app=${app},tier!=back` })).toEqual([`${one}/a`, `${two}/a`].sort())
    expect(await names({ labelSelector: `app=${app},tier in (front,back)` })).toEqual([`${one}/a`, `${one}/b`])
    expect(await names({ labelSelector: `app=${app},!tier` })).toEqual([`${two}/a`])
    expect(await names({ labelSelector: `app=${app},tier` })).toEqual([`${one}/a`, `${one}/b`])
    expect(await names({ namespace: two, name: 'a' })).toEqual([`${two}/a`])
    expect(await names({ namespace: two, name: 'b' })).toEqual([])
  })

  test('a label selector that is none is refused', async () => {
    const refusal = arena.cluster().list(CONFIG_MAP, { labelSelector: 'a in b' })
    await expect(refusal).rejects.toMatchObject({ code: 'APPLY_FAILED', retryable: false })
  })

  test('list of a kind that the server does not know is refused, and names the kind', async () => {
    const refusal = arena.cluster().list({ apiVersion: 'no.such/v1', kind: 'Thing' })
    await expect(refusal).rejects.toMatchObject({ code: 'APPLY_FAILED', retryable: false })
    await expect(refusal).rejects.toThrow(/no\.such\/v1.*Thing/)
  })

  test('delete says whether there was something to delete', async () => {
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    const ref = { ...CONFIG_MAP, namespace, name: 'a' }
    expect(await cluster.delete(ref)).toBe(false)
    await cluster.apply(configMap(namespace, 'a', {}))
    expect(await cluster.delete(ref)).toBe(true)
    expect(await cluster.get(ref)).toBeUndefined()
    expect(await cluster.delete(ref)).toBe(false)
    expect(await cluster.delete({ apiVersion: 'no.such/v1', kind: 'Thing', namespace, name: 'a' })).toBe(false)
  })

  test('a delete in a dry run deletes nothing', async () => {
    const namespace = await arena.namespace()
    const made = await arena.cluster().apply(configMap(namespace, 'a', {}))
    const ref = { ...CONFIG_MAP, namespace, name: 'a' }
    expect(await arena.cluster().delete(ref, { dryRun: true })).toBe(true)
    expect(await arena.cluster().get(ref)).toEqual(made)
  })

  test('a finalizer holds an object that is being deleted, and delete does not wait for it', async () => {
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    const held = configMap(namespace, 'held', {})
    held.metadata.finalizers = ['o2ims.dev/test']
    await cluster.apply(held)
    expect(await cluster.delete({ ...CONFIG_MAP, namespace, name: 'held' })).toBe(true)
    const dying = await cluster.get({ ...CONFIG_MAP, namespace, name: 'held' })
    expect(dying?.metadata.deletionTimestamp).toBeDefined()
    await cluster.apply(configMap(namespace, 'held', {}))
    expect(await cluster.get({ ...CONFIG_MAP, namespace, name: 'held' })).toBeUndefined()
  })

  test('what an object owns goes with it', async () => {
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    await cluster.apply(deployment(namespace, 'owner', 1))
    const selection = { namespace, labelSelector: 'app=owner' }
    const pods = () => cluster.list({ apiVersion: 'v1', kind: 'Pod' }, selection)
    await eventually('a pod', async () => ((await pods()).length > 0 ? true : undefined))
    expect(await cluster.delete({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'owner' })).toBe(true)
    await eventually('no pod', async () => ((await pods()).length === 0 ? true : undefined), 30_000)
  })

  test('a deleted namespace takes its objects along', async () => {
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    await cluster.apply(configMap(namespace, 'a', {}))
    expect(await cluster.delete({ ...NAMESPACE, name: namespace })).toBe(true)
    await eventually(
      'the namespace is gone',
      async () => ((await cluster.get({ ...NAMESPACE, name: namespace })) === undefined ? true : undefined),
      30_000,
    )
    expect(await cluster.get({ ...CONFIG_MAP, namespace, name: 'a' })).toBeUndefined()
  })
}
