import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Arena, CONFIG_MAP, configMap, NAMESPACE, unique } from './arena.ts'

const CONFLICT = { code: 'CONFLICT' }

export function conditionalRules(arena: Arena): void {
  test("expect 'absent' creates what is not there and fails on what is", async () => {
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    const made = await cluster.apply(configMap(namespace, 'a', { x: '1' }), { expect: 'absent' })
    expect(made.data).toEqual({ x: '1' })
    await expect(cluster.apply(configMap(namespace, 'a', { x: '2' }), { expect: 'absent' })).rejects.toMatchObject(
      CONFLICT,
    )
    await expect(cluster.apply(configMap(namespace, 'a', { x: '1' }), { expect: 'absent' })).rejects.toThrow(/exists/)
    expect(await cluster.get({ ...CONFIG_MAP, namespace, name: 'a' })).toEqual(made)
  })

  test("what expect 'absent' made belongs to the same field manager as any later apply", async () => {
    const namespace = await arena.namespace()
    await arena.cluster().apply(configMap(namespace, 'a', { x: '1', y: '1' }), { expect: 'absent' })
    const changed = await arena.cluster().apply(configMap(namespace, 'a', { x: '2' }))
    expect(changed.data).toEqual({ x: '2' })
  })

  test("of many that expect 'absent' at once exactly one creates", async () => {
    const namespace = await arena.namespace()
    const racers = Array.from({ length: 8 }, (_, index) =>
      arena.cluster().apply(configMap(namespace, 'a', { x: String(index) }), { expect: 'absent' }),
    )
    const ends = await Promise.allSettled(racers)
    expect(ends.filter((end) => end.status === 'fulfilled')).toHaveLength(1)
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject(CONFLICT)
  })

  test("expect 'absent' holds for cluster-scoped objects and in a dry run too", async () => {
    const name = unique('absent')
    const cluster = arena.cluster()
    await cluster.apply({ ...NAMESPACE, metadata: { name } }, { expect: 'absent', dryRun: true })
    expect(await cluster.get({ ...NAMESPACE, name })).toBeUndefined()
    await cluster.apply({ ...NAMESPACE, metadata: { name } }, { expect: 'absent' })
    await expect(
      cluster.apply({ ...NAMESPACE, metadata: { name } }, { expect: 'absent', dryRun: true }),
    ).rejects.toMatchObject(CONFLICT)
    await cluster.delete({ ...NAMESPACE, name })
  })

  test('expect {uid} changes that very object', async () => {
    const namespace = await arena.namespace()
    const made = await arena.cluster().apply(configMap(namespace, 'a', { x: '1' }))
    const uid = made.metadata.uid ?? ''
    const changed = await arena.cluster().apply(configMap(namespace, 'a', { x: '2' }), { expect: { uid } })
    expect(changed).toMatchObject({ data: { x: '2' }, metadata: { uid } })
  })

  test('expect {uid} fails on another object of that name, and makes none where there is none', async () => {
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    const made = await cluster.apply(configMap(namespace, 'a', { x: '1' }))
    await expect(
      cluster.apply(configMap(namespace, 'a', { x: '2' }), { expect: { uid: randomUUID() } }),
    ).rejects.toMatchObject(CONFLICT)
    await expect(
      cluster.apply(configMap(namespace, 'b', { x: '2' }), { expect: { uid: randomUUID() } }),
    ).rejects.toMatchObject(CONFLICT)
    expect(await cluster.list(CONFIG_MAP, { namespace, name: 'a' })).toEqual([made])
    expect(await cluster.get({ ...CONFIG_MAP, namespace, name: 'b' })).toBeUndefined()
  })

  test('a delete with another uid fails and deletes nothing', async () => {
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    const made = await cluster.apply(configMap(namespace, 'a', { x: '1' }))
    const ref = { ...CONFIG_MAP, namespace, name: 'a' }
    await expect(cluster.delete(ref, { uid: randomUUID() })).rejects.toMatchObject(CONFLICT)
    expect(await cluster.get(ref)).toEqual(made)
    expect(await cluster.delete(ref, { uid: made.metadata.uid ?? '' })).toBe(true)
    expect(await cluster.delete(ref, { uid: made.metadata.uid ?? '' })).toBe(false)
  })

  test('a call whose signal is aborted rejects with its reason', async () => {
    const namespace = await arena.namespace()
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    const cluster = arena.cluster()
    await expect(cluster.apply(configMap(namespace, 'a', {}), { signal })).rejects.toBe(reason)
    await expect(cluster.get({ ...CONFIG_MAP, namespace, name: 'a' }, { signal })).rejects.toBe(reason)
    await expect(cluster.list(CONFIG_MAP, { namespace }, { signal })).rejects.toBe(reason)
    await expect(cluster.delete({ ...CONFIG_MAP, namespace, name: 'a' }, { signal })).rejects.toBe(reason)
    await expect(cluster.version({ signal })).rejects.toBe(reason)
    expect(await cluster.get({ ...CONFIG_MAP, namespace, name: 'a' })).toBeUndefined()
  })
}
