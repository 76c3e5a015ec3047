import { expect, test } from 'vitest'
import { type Arena, CONFIG_MAP, configMap, unique } from './arena.ts'
import { about } from './watch-recorder.ts'

const SEEN = { seen: 'yes' }

export function watchRules(arena: Arena): void {
  test('a watch names what is there, says SYNCED, then tells every change', async () => {
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    await cluster.apply(configMap(namespace, 'a', { x: '1' }, SEEN))
    const watch = arena.watch(CONFIG_MAP, { namespace, labelSelector: 'seen=yes' })
    await watch.synced()
    expect(watch.lines()).toEqual(['ADDED a', 'SYNCED'])

    await cluster.apply(configMap(namespace, 'b', { x: '1' }, SEEN))
    const added = await watch.next('b added', about('ADDED', 'b'))
    expect(added).toMatchObject({ object: { apiVersion: 'v1', kind: 'ConfigMap', data: { x: '1' } } })
    await cluster.apply(configMap(namespace, 'a', { x: '2' }, SEEN))
    const modified = await watch.next('a modified', about('MODIFIED', 'a'))
    expect(modified).toMatchObject({ object: { data: { x: '2' } } })
    await cluster.delete({ ...CONFIG_MAP, namespace, name: 'b' })
    await watch.next('b deleted', about('DELETED', 'b'))
  })

  test('a watch by name tells of that object only', async () => {
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    const watch = arena.watch(CONFIG_MAP, { namespace, name: 'mine' })
    await watch.synced()
    await cluster.apply(configMap(namespace, 'other', {}))
    await cluster.apply(configMap(namespace, 'mine', {}))
    await watch.next('mine added', about('ADDED', 'mine'))
    expect(watch.lines()).toEqual(['SYNCED', 'ADDED mine'])
  })

  test('a watch without a namespace tells of all namespaces', async () => {
    const [one, two] = [await arena.namespace(), await arena.namespace()]
    const app = unique('app')
    const watch = arena.watch(CONFIG_MAP, { labelSelector: `app=${app}` })
    await watch.synced()
    await arena.cluster().apply(configMap(one, 'a', {}, { app }))
    await arena.cluster().apply(configMap(two, 'b', {}, { app }))
    await watch.next('a added', about('ADDED', 'a'))
    await watch.next('b added', about('ADDED', 'b'))
  })

  test('an object whose label stops matching is DELETED for that watch, and ADDED when it matches again', async () => {
    const namespace = await arena.namespace()
    const cluster = arena.cluster()
    const watch = arena.watch(CONFIG_MAP, { namespace, labelSelector: 'tier=front' })
    await watch.synced()
    await cluster.apply(configMap(namespace, 'a', {}, { tier: 'front' }))
    await watch.next('a added', about('ADDED', 'a'))
    await cluster.apply(configMap(namespace, 'a', {}, { tier: 'back' }))
    await watch.next('a left', about('DELETED', 'a'))
    await cluster.apply(configMap(namespace, 'a', {}, { tier: 'front' }))
    await watch.next('a is back', about('ADDED', 'a'))
    expect(watch.lines()).toEqual(['SYNCED', 'ADDED a', 'DELETED a', 'ADDED a'])
  })

  test('changes between the listing and the watch are not lost', async () => {
    const namespace = await arena.namespace()
    const watch = arena.watch(CONFIG_MAP, { namespace, labelSelector: 'burst' })
    const writes: Promise<unknown>[] = []
    for (let index = 0; index < 50; index += 1) {
      writes.push(arena.cluster().apply(configMap(namespace, `n${index}`, {}, { burst: 'yes' })))
    }
    await Promise.all(writes)
    await arena.cluster().apply(configMap(namespace, 'last', {}, { burst: 'yes' }))
    await watch.next('the last one', about('ADDED', 'last'))
    const added = watch.lines().filter((line) => line.startsWith('ADDED n'))
    expect(new Set(added).size).toBe(50)
    expect(added).toHaveLength(50)
  })

  test('changes of one object come in the order of its resourceVersions, each of them', async () => {
    const namespace = await arena.namespace()
    const watch = arena.watch(CONFIG_MAP, { namespace, name: 'counter' })
    await watch.synced()
    for (let index = 0; index <= 20; index += 1) {
      await arena.cluster().apply(configMap(namespace, 'counter', { x: String(index) }))
    }
    await watch.next(
      'the last',
      about('MODIFIED', 'counter', (object) => dataOf(object).x === '20'),
    )
    const seen = watch.events.flatMap((event) => ('object' in event ? [dataOf(event.object).x] : []))
    expect(seen).toEqual(Array.from({ length: 21 }, (_, index) => String(index)))
  })

  test('two watches at once see the same, and one that ends does not end the other', async () => {
    const namespace = await arena.namespace()
    const [one, two] = [arena.watch(CONFIG_MAP, { namespace, name: 'a' }), arena.watch(CONFIG_MAP, { namespace })]
    await Promise.all([one.synced(), two.synced()])
    await arena.cluster().apply(configMap(namespace, 'a', { x: '1' }))
    await Promise.all([one.next('a', about('ADDED', 'a')), two.next('a', about('ADDED', 'a'))])
    await one.stop()
    await arena.cluster().apply(configMap(namespace, 'a', { x: '2' }))
    await two.next('a changed', about('MODIFIED', 'a'))
    expect(one.lines()).toEqual(['SYNCED', 'ADDED a'])
  })

  test("a watch that is aborted rejects with the signal's reason, also when it waits, and when it was aborted before", async () => {
    const namespace = await arena.namespace()
    const reason = new Error('enough')
    const waiting = arena.watch(CONFIG_MAP, { namespace })
    await waiting.synced()
    expect(await waiting.stop(reason)).toBe(reason)
    const iterate = async () => {
      for await (const event of arena.cluster().watch(CONFIG_MAP, { namespace }, AbortSignal.abort(reason))) {
        throw new Error(`an aborted watch told of ${event.type}`)
      }
    }
    await expect(iterate()).rejects.toBe(reason)
  })

  test('a consumer that leaves the loop ends the watch', async () => {
    const namespace = await arena.namespace()
    const abort = new AbortController()
    let seen = 0
    for await (const event of arena.cluster().watch(CONFIG_MAP, { namespace }, abort.signal)) {
      seen += 1
      if (event.type === 'SYNCED') break
    }
    expect(seen).toBeGreaterThan(0)
  })

  test('a watch of a kind that the server does not know ends with APPLY_FAILED', async () => {
    const watch = arena.watch({ apiVersion: 'no.such/v1', kind: 'Thing' }, {})
    expect(await watch.ended).toMatchObject({ code: 'APPLY_FAILED' })
  })
}

function dataOf(object: { [key: string]: unknown }): Record<string, unknown> {
  const data = object.data
  return typeof data === 'object' && data !== null ? { ...data } : {}
}
