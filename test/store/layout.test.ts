import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestStore, plainConnection, type TestStore } from '../harness/redis.ts'

let test: TestStore
beforeAll(async () => {
  test = await createTestStore()
})
afterAll(() => test?.stop())

it('records whose values stand in their own hashes, as they once did, are there after the next start', async () => {
  const before = test.store.collection<string>('things')
  for (const id of ['a', 'b:c']) await before.create(id, `${id} 1 2`)
  await before.update('a', () => ({ value: 'changed' }))
  const redis = plainConnection(test.redis)
  await redis.hset('{o2ims}:record:things:a', { v: '"changed"', n: 7 })
  await redis.hset('{o2ims}:record:things:b:c', { v: '"b:c 1 2"', n: 1 })
  await redis.del('{o2ims}:values:things', '{o2ims}:layout')
  expect(await before.get('a')).toBeUndefined()

  for (const _ of ['first', 'second']) {
    const store = await test.another()
    expect((await store.collection<string>('things').list({ limit: 9 })).items).toMatchObject([
      { value: 'changed', n: 7 },
      { value: 'b:c 1 2', n: 1 },
    ])
    await store.close()
  }
  expect(await redis.hexists('{o2ims}:record:things:a', 'v')).toBe(0)
  redis.disconnect()
})

it('records that indexes knew by a UUID with its case, as they once did, are found by it in any case', async () => {
  const upper = '6D8F5911-14D2-5566-B0A9-F890996A0957'
  const before = test.store.collection<string>('places')
  await before.create('a', 'one', { indexes: { site: [upper], name: ['Here: there', 'ABC'] } })
  const redis = plainConnection(test.redis)
  const asOnce = ['places:name:Here: there', 'places:name:ABC', `places:site:${upper}`]
  await redis.hset('{o2ims}:record:places:a', 'indexes', JSON.stringify(asOnce))
  await redis.rename(`{o2ims}:attribute:places:site:${upper.toLowerCase()}`, `{o2ims}:attribute:places:site:${upper}`)
  await redis.set('{o2ims}:layout', '2')
  expect(await before.count({ attribute: 'site', value: upper })).toBe(0)

  const store = await test.another()
  const places = store.collection<string>('places')
  for (const value of [upper, upper.toLowerCase()]) expect(await places.count({ attribute: 'site', value })).toBe(1)
  for (const value of ['Here: there', 'ABC']) expect(await places.count({ attribute: 'name', value })).toBe(1)
  await places.remove('a')
  expect(await redis.keys('{o2ims}:attribute:places:*')).toEqual([])
  await store.close()
  redis.disconnect()
})
