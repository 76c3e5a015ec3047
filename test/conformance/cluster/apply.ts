import { expect, test } from 'vitest'
import { type Arena, configMap, deployment, NAMESPACE, unique } from './arena.ts'

export function applyRules(arena: Arena): void {
  test('apply creates an object and answers it with uid and resourceVersion', async () => {
    const namespace = await arena.namespace()
    const made = await arena.cluster().apply(configMap(namespace, 'a', { x: '1' }, { tier: 'one' }))
    expect(made).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { x: '1' } })
    expect(made.metadata).toMatchObject({ name: 'a', namespace, labels: { tier: 'one' } })
    expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
    expect(made.metadata.resourceVersion).toMatch(/^\d+$/)
    expect(Date.parse(made.metadata.creationTimestamp ?? '')).toBeLessThan(Date.now() + 5_000)
  })

  test('an identical apply changes nothing, the resourceVersion neither', async () => {
    const namespace = await arena.namespace()
    const first = await arena.cluster().apply(configMap(namespace, 'a', { x: '1' }))
    const second = await arena.cluster().apply(configMap(namespace, 'a', { x: '1' }))
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
    expect(second.metadata.uid).toBe(first.metadata.uid)
  })

  test('apply changes what differs, and takes away the fields that it no longer names', async () => {
    const namespace = await arena.namespace()
    const first = await arena.cluster().apply(configMap(namespace, 'a', { x: '1', y: '1' }))
    const second = await arena.cluster().apply(configMap(namespace, 'a', { x: '2' }))
    expect(second.data).toEqual({ x: '2' })
    expect(second.metadata.uid).toBe(first.metadata.uid)
    expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion)
  })

  test('a dry run answers what would be and writes nothing', async () => {
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    const answer = await cluster.apply(configMap(namespace, 'new', { x: '1' }), { dryRun: true })
    expect(answer).toMatchObject({ metadata: { name: 'new' }, data: { x: '1' } })
    expect(await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'new' })).toBeUndefined()

    const before = await cluster.apply(configMap(namespace, 'old', { x: '1' }))
    const changed = await cluster.apply(configMap(namespace, 'old', { x: '2' }), { dryRun: true })
    expect(changed.data).toEqual({ x: '2' })
    expect(await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'old' })).toEqual(before)
  })

  test('an unknown field of a typed kind is refused in the words of the schema, not dropped', async () => {
    const namespace = await arena.namespace()
    const wrong = deployment(namespace, 'wrong', 1)
    wrong.spec = { ...wrong.spec, replicass: 2 }
    const refusal = arena.cluster().apply(wrong)
    await expect(refusal).rejects.toMatchObject({ code: 'APPLY_FAILED', retryable: false })
    await expect(refusal).rejects.toThrow(/replicass/)
    expect(
      await arena.cluster().get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'wrong' }),
    ).toBeUndefined()
  })

  test('a namespace that is missing is said so', async () => {
    const missing = unique('missing')
    const refusal = arena.cluster().apply(configMap(missing, 'a', { x: '1' }))
    await expect(refusal).rejects.toMatchObject({ code: 'APPLY_FAILED', retryable: false })
    await expect(refusal).rejects.toThrow(new RegExp(`namespace.*${missing}.*not found`))
    await expect(arena.cluster().apply(configMap(missing, 'a', { x: '1' }), { dryRun: true })).rejects.toThrow(
      new RegExp(`namespace.*${missing}.*not found`),
    )
  })

  test('a namespaced object without a namespace is refused, and so is a cluster-scoped one with a namespace', async () => {
    const namespace = await arena.namespace()
    await expect(
      arena.cluster().apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: {} }),
    ).rejects.toMatchObject({ code: 'APPLY_FAILED', retryable: false })
    await expect(
      arena.cluster().apply({ ...NAMESPACE, metadata: { name: unique('inside'), namespace } }),
    ).rejects.toMatchObject({ code: 'APPLY_FAILED', retryable: false })
  })

  test('a name that Kubernetes does not allow is refused', async () => {
    const namespace = await arena.namespace()
    for (const name of ['Upper', 'a/b', '..', 'a b', '']) {
      await expect(arena.cluster().apply(configMap(namespace, name, {})), name).rejects.toMatchObject({
        code: 'APPLY_FAILED',
        retryable: false,
      })
    }
  })

  test('an object without a namespace of its own is cluster-scoped: a Namespace comes and goes', async () => {
    const name = unique('scoped')
    const made = await arena.cluster().apply({ ...NAMESPACE, metadata: { name, labels: { tier: 'one' } } })
    expect(made.metadata.namespace).toBeUndefined()
    expect(await arena.cluster().list(NAMESPACE, { name })).toHaveLength(1)
    expect(await arena.cluster().delete({ ...NAMESPACE, name })).toBe(true)
  })
}
