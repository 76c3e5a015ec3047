import { afterAll, beforeAll, expect, test } from 'vitest'
import { NoSuchSpace, type ObjectChange } from '../../src/store/objects.ts'
import { VersionConflict } from '../../src/store/store.ts'
import { eventually } from '../harness/eventually.ts'
import { createTestStore, plainConnection, type TestStore } from '../harness/redis.ts'

let testStore: TestStore
const SHELF = { kind: 'apps/Deployment', namespace: 'ran' }

beforeAll(async () => {
  testStore = await createTestStore()
})
afterAll(() => testStore.stop())

const put = (name: string, expected: number, text: string, shelf = SHELF) => ({
  shelf,
  name,
  expected,
  text,
  told: JSON.stringify(text),
})

test('nothing can be written to, or read from, a space that was not made', async () => {
  const { objects } = testStore.store
  expect(await objects.exists('none')).toBe(false)
  await expect(objects.get('none', SHELF, 'a')).rejects.toThrow(NoSuchSpace)
  await expect(objects.list('none', SHELF.kind)).rejects.toThrow(NoSuchSpace)
  await expect(objects.commit('none', [put('a', 0, 'x')])).rejects.toThrow(NoSuchSpace)
  expect(await objects.create('once')).toBe(true)
  expect(await objects.create('once')).toBe(false)
})

test('an object is written on top of the revision that was read, or not at all', async () => {
  const { objects } = testStore.store
  await objects.create('s1')
  const [first = 0] = await objects.commit('s1', [put('a', 0, 'one')])
  await expect(objects.commit('s1', [put('a', 0, 'again')])).rejects.toThrow(VersionConflict)
  await expect(objects.commit('s1', [put('b', 0, 'two'), put('a', first + 7, 'late')])).rejects.toThrow(VersionConflict)
  expect((await objects.get('s1', SHELF, 'b')).object).toBeUndefined()
  const [second = 0] = await objects.commit('s1', [put('a', first, 'two words {"x":1}')])
  expect(second).toBeGreaterThan(first)
  const { object, revision } = await objects.get('s1', SHELF, 'a')
  expect(object).toEqual({ ...SHELF, name: 'a', revision: second, text: 'two words {"x":1}' })
  expect(revision).toBe(second)
})

test('a guard that does not hold stops the write', async () => {
  const { objects } = testStore.store
  await objects.create('s2')
  const home = { shelf: { kind: '/Namespace', namespace: '' }, name: 'ran' }
  await expect(objects.commit('s2', [put('a', 0, 'x')], [{ ...home, revision: 3 }])).rejects.toThrow(VersionConflict)
  const [revision = 0] = await objects.commit('s2', [put('ran', 0, 'ns', home.shelf)])
  await objects.commit('s2', [put('a', 0, 'x')], [{ ...home, revision }])
  expect((await objects.get('s2', SHELF, 'a')).object?.text).toBe('x')
})

test('a listing names one namespace, or all of them, and nothing of kinds with a similar name', async () => {
  const { objects } = testStore.store
  await objects.create('s3')
  const place = (kind: string, namespace: string) => ({ kind, namespace })
  await objects.commit('s3', [
    put('a', 0, '1', place('g/Kind', 'one')),
    put('b', 0, '2', place('g/Kind', 'two')),
    put('c', 0, '3', place('g/KindOther', 'one')),
  ])
  const names = async (namespace?: string) =>
    (await objects.list('s3', 'g/Kind', namespace)).objects.map(({ name }) => name).sort()
  expect(await names()).toEqual(['a', 'b'])
  expect(await names('one')).toEqual(['a'])
  expect((await objects.namesIn('s3', 'one')).map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual([
    'g/Kind a',
    'g/KindOther c',
  ])
})

test('every change is told once, in order, to every process, and to nobody else', async () => {
  const other = await testStore.another()
  try {
    const { objects } = testStore.store
    await objects.create('s4')
    const seen: ObjectChange[] = []
    const stop = other.objects.subscribe(
      's4',
      SHELF.kind,
      (change) => seen.push(change),
      () => undefined,
    )
    const [first = 0] = await objects.commit('s4', [put('a', 0, 'one "quoted" é \n')])
    const [second = 0] = await objects.commit('s4', [put('a', first, 'two')])
    await objects.commit('s4', [put('z', 0, 'other kind', { kind: '/Pod', namespace: 'ran' })])
    await objects.commit('s4', [{ shelf: SHELF, name: 'a', expected: second, told: '"last"' }])
    await eventually(() => expect(seen).toHaveLength(3))
    expect(seen.map(({ type, told }) => `${type} ${told}`)).toEqual([
      'ADDED one "quoted" é \n',
      'MODIFIED two',
      'DELETED last',
    ])
    stop()
    await objects.commit('s4', [put('b', 0, 'x')])
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(seen).toHaveLength(3)
  } finally {
    await other.close()
  }
})

test('a dropped space leaves no key behind', async () => {
  const { objects } = testStore.store
  const redis = plainConnection(testStore.redis)
  try {
    await objects.create('doomed')
    const [, last = 0] = await objects.commit('doomed', [
      put('a', 0, 'x'),
      put('b', 0, 'y', { kind: '/Pod', namespace: 'p' }),
    ])
    expect(await redis.keys('*doomed*')).not.toEqual([])
    expect(await objects.drop('doomed')).toBe(true)
    expect(await redis.keys('*doomed*')).toEqual([])
    expect(await objects.drop('doomed')).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 5))
    await objects.create('doomed')
    const [again = 0] = await objects.commit('doomed', [put('a', 0, 'x')])
    expect(again).toBeGreaterThan(last)
  } finally {
    redis.disconnect()
  }
})
