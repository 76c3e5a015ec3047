import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Arena, CONFIG_MAP, configMap } from './arena.ts'

export function finalizerRules(arena: Arena): void {
  const held = async (...finalizers: string[]) => {
    const namespace = await arena.namespace()
    const plain = configMap(namespace, 'held', {})
    const object = { ...plain, metadata: { ...plain.metadata, finalizers } }
    const made = await arena.cluster().apply(object)
    return { ref: { ...CONFIG_MAP, namespace, name: 'held' }, uid: made.metadata.uid ?? '' }
  }

  test('the last finalizer that is released lets a deleted object go; another one keeps it', async () => {
    const { ref, uid } = await held('example.com/one', 'example.com/two')
    const cluster = arena.cluster()
    await cluster.delete(ref, { uid })
    await cluster.releaseFinalizer(ref, 'example.com/one', { uid })
    expect((await cluster.get(ref))?.metadata.finalizers).toEqual(['example.com/two'])
    await cluster.releaseFinalizer(ref, 'example.com/two', { uid })
    expect(await cluster.get(ref)).toBeUndefined()
  })

  test('a finalizer of another object of that name, one that is not there, and an object that is gone are left alone', async () => {
    const { ref, uid } = await held('example.com/one')
    const cluster = arena.cluster()
    await cluster.releaseFinalizer(ref, 'example.com/one', { uid: randomUUID() })
    await cluster.releaseFinalizer(ref, 'example.com/other', { uid })
    expect((await cluster.get(ref))?.metadata.finalizers).toEqual(['example.com/one'])
    await cluster.releaseFinalizer(ref, 'example.com/one', { uid })
    expect(await cluster.get(ref)).toBeDefined()
    await cluster.delete(ref)
    await cluster.releaseFinalizer(ref, 'example.com/one', { uid })
    expect(await cluster.get(ref)).toBeUndefined()
  })
}
