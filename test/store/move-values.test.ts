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
  await before.replace('a', 1, 'changed')
  const redis = plainConnection(test.redis)
  await redis.hset('{o2ims}:record:things:a', 'v', '"changed"')
  await redis.hset('{o2ims}:record:things:b:c', 'v', '"b:c 1 2"')
  await redis.del('{o2ims}:values:things', '{o2ims}:layout')
  expect(await before.get('a')).toBeUndefined()

  for (const _ of ['first', 'second']) {
    const store = await test.another()
    expect((await store.collection<string>('things').list({ limit: 9 })).items).toMatchObject([
      { value: 'changed', n: 2 },
      { value: 'b:c 1 2', n: 1 },
    ])
    await store.close()
  }
  expect(await redis.hexists('{o2ims}:record:things:a', 'v')).toBe(0)
  redis.disconnect()
})
