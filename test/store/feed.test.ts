import { describe, expect, it } from 'vitest'
import { FEED_LENGTH, KEYS } from '../../src/store/keys.ts'
import type { FeedEntry, Store } from '../../src/store/store.ts'
import { eventually } from '../harness/eventually.ts'
import { createTestStore, plainConnection, type TestRedis, type TestStore } from '../harness/redis.ts'
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts'

async function withStore(run: (test: TestStore) => Promise<void>): Promise<void> {
  const test = await createTestStore()
  try {
    await run(test)
  } finally {
    await test.stop()
  }
}

/** `store` reaches Redis through a proxy that can be cut; `test.store` reaches it always. */
function withProxy(run: (parts: { test: TestStore; proxy: TcpProxy; store: Store }) => Promise<void>): Promise<void> {
  return withStore(async (test) => {
    const proxy = await startTcpProxy(test.redis.port)
    try {
      const store = await test.another({ address: { url: `redis://127.0.0.1:${proxy.port}` } })
      try {
        await run({ test, proxy, store })
      } finally {
        await store.close()
      }
    } finally {
      await proxy.close()
    }
  })
}

function listen(store: Store, topic: string) {
  const heard: FeedEntry[] = []
  const gaps: number[] = []
  const stop = store.feed.subscribe(
    topic,
    (entry) => heard.push(entry),
    () => gaps.push(heard.length),
  )
  return { heard, gaps, stop, data: () => heard.map(({ data }) => data) }
}

/** Publishes as soon as Redis answers again. */
async function publishWhenBack(store: Store, topic: string, data: number): Promise<void> {
  await eventually(() => store.feed.publish(topic, 'said', data))
}

/** Writes straight to the stream, as another process would while this one is away. */
async function writeAside(
  redis: TestRedis,
  write: (connection: ReturnType<typeof plainConnection>) => Promise<unknown>,
) {
  const connection = plainConnection(redis)
  try {
    await write(connection)
  } finally {
    connection.disconnect()
  }
}

describe('the feed', () => {
  it('tells who listens to a collection of each of its records', () =>
    withStore(async ({ store }) => {
      const collection = listen(store, 'things')
      const things = store.collection('things')
      for (const id of ['a', 'b']) await things.create(id, {}, { events: [{ event: 'made', data: id }] })
      await store.collection('others').create('c', {}, { events: [{ event: 'made', data: 'c' }] })
      await eventually(() => expect(collection.heard.map(({ topic }) => topic)).toEqual(['things:a', 'things:b']))
    }))

  it('brings each process what any process wrote, by topic and in order, until it stops listening', () =>
    withStore(async ({ store, another }) => {
      const other = await another()
      try {
        const [here, there, elsewhere] = [listen(store, 'a'), listen(other, 'a'), listen(store, 'b')]
        for (let i = 0; i < 50; i += 1) await (i % 2 ? other : store).feed.publish('a', 'said', i)
        const expected = Array.from({ length: 50 }, (_, i) => i)
        await eventually(() => expect([here.data(), there.data()]).toEqual([expected, expected]))
        here.stop()
        await store.feed.publish('a', 'said', 50)
        await eventually(() => expect(there.heard).toHaveLength(51))
        expect(here.heard).toHaveLength(50)
        expect(elsewhere.heard).toHaveLength(0)
      } finally {
        await other.close()
      }
    }))

  it('misses nothing that is written right after a subscription', () =>
    withStore(async ({ store, another }) => {
      for (let i = 0; i < 20; i += 1) {
        const fresh = await another()
        const { heard } = listen(fresh, 'now')
        await store.feed.publish('now', 'said', i)
        await eventually(() => expect(heard).toHaveLength(1))
        await fresh.close()
      }
    }))

  it('goes on to serve the others when a subscriber throws', () =>
    withStore(async ({ store }) => {
      store.feed.subscribe(
        'a',
        () => {
          throw new Error('a bad subscriber')
        },
        () => undefined,
      )
      const { heard } = listen(store, 'a')
      await store.feed.publish('a', 'said', 1)
      await store.feed.publish('a', 'said', 2)
      await eventually(() => expect(heard).toHaveLength(2))
    }))

  it('goes on where it was when Redis was killed and came back, without a gap', () =>
    withStore(async ({ store, redis }) => {
      const { gaps, data } = listen(store, 'a')
      await store.feed.publish('a', 'said', 1)
      await eventually(() => expect(data()).toEqual([1]))
      // Longer than the append-only file may lag behind.
      await new Promise((resolve) => setTimeout(resolve, 1100))
      await redis.kill()
      await redis.restart()
      await writeAside(redis, (connection) => connection.xadd(KEYS.feed, '*', 't', 'a', 'e', 'said', 'd', '2'))
      await publishWhenBack(store, 'a', 3)
      await eventually(() => expect(data()).toEqual([1, 2, 3]))
      expect(gaps).toEqual([])
    }))

  it('brings what was written while the network was away, without a gap', () =>
    withProxy(async ({ test, proxy, store }) => {
      const { gaps, data } = listen(store, 'a')
      await test.store.feed.publish('a', 'said', 1)
      await eventually(() => expect(data()).toEqual([1]))
      proxy.cut()
      for (const i of [2, 3, 4]) await test.store.feed.publish('a', 'said', i)
      proxy.heal()
      await eventually(() => expect(data()).toEqual([1, 2, 3, 4]))
      expect(gaps).toEqual([])
    }))

  it('tells every subscriber of a gap when entries were trimmed while the network was away, before it goes on', () =>
    withProxy(async ({ test, proxy, store }) => {
      const [here, other] = [listen(store, 'a'), listen(store, 'b')]
      await test.store.feed.publish('a', 'said', 1)
      await eventually(() => expect(here.data()).toEqual([1]))
      proxy.cut()
      for (const i of [2, 3, 4]) await test.store.feed.publish('a', 'said', i)
      await writeAside(test.redis, (connection) => connection.xtrim(KEYS.feed, 'MAXLEN', '=', 1))
      proxy.heal()
      await eventually(() => expect(here.data()).toEqual([1, 4]))
      expect(here.gaps).toEqual([1])
      expect(other.gaps).toEqual([0])
    }))

  it('tells of a gap and goes on when Redis came back without its data', () =>
    withStore(async ({ store, redis }) => {
      const { gaps, data } = listen(store, 'a')
      // An id far ahead of the clock: what the new stream gives out is smaller.
      await writeAside(redis, (connection) =>
        connection.xadd(KEYS.feed, '9999999999999-0', 't', 'a', 'e', 'said', 'd', '1'),
      )
      await eventually(() => expect(data()).toEqual([1]))
      await writeAside(redis, (connection) => connection.flushall())
      await redis.restart()
      await eventually(() => expect(gaps).toHaveLength(1))
      await publishWhenBack(store, 'a', 2)
      await eventually(() => expect(data()).toEqual([1, 2]))
    }))

  it('outlives a Redis that hangs', () =>
    withStore(async ({ store, redis }) => {
      const { data } = listen(store, 'a')
      process.kill(redis.pid(), 'SIGSTOP')
      const asked = performance.now()
      await expect(store.ping()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true, retryAfter: 2 })
      expect(performance.now() - asked).toBeLessThan(6000)
      process.kill(redis.pid(), 'SIGCONT')
      await publishWhenBack(store, 'a', 1)
      await eventually(() => expect(data()).toEqual([1]), 8000)
    }))

  it('keeps a bounded number of entries', () =>
    withStore(async ({ store, redis }) => {
      const all = store.collection<number>('many')
      await all.create('a', 0)
      const events = Array.from({ length: 6000 }, () => ({ event: 'e', data: null }))
      for (let n = 1; n <= 9; n += 1) await all.update('a', () => ({ value: n, alongside: { events } }))
      await writeAside(redis, async (connection) => {
        const length = await connection.xlen(KEYS.feed)
        expect(length).toBeGreaterThanOrEqual(FEED_LENGTH)
        expect(length).toBeLessThan(FEED_LENGTH + 500)
      })
    }))
})

describe('a store whose Redis is away', () => {
  it('rejects every call within the time limit, at once when it has been away for long, and works when it is back', () =>
    withStore(async ({ store, redis }) => {
      const all = store.collection<string>('all')
      await all.create('a', 'a')
      await new Promise((resolve) => setTimeout(resolve, 1100))
      await redis.kill()
      const asked = performance.now()
      const calls = [all.get('a'), all.create('b', 'b'), all.list({ limit: 1 }), store.leases.take('x'), store.ping()]
      const results = await Promise.allSettled([...calls, store.feed.publish('t', 'e', 1)])
      expect(performance.now() - asked).toBeLessThan(6000)
      for (const result of results) {
        expect(result).toMatchObject({
          status: 'rejected',
          reason: { code: 'UNAVAILABLE', retryable: true, retryAfter: 2 },
        })
      }
      const again = performance.now()
      await expect(store.ping()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      expect(performance.now() - again).toBeLessThan(200)
      await redis.restart()
      await eventually(async () => expect(await all.get('a')).toMatchObject({ value: 'a' }))
    }))

  it('waits through a short absence, so that a restart of Redis fails no call', () =>
    withStore(async ({ store, redis }) => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      await redis.kill()
      await new Promise((resolve) => setTimeout(resolve, 50))
      const asked = store.collection<string>('all').create('a', 'a')
      await redis.restart()
      expect(await asked).toMatchObject({ value: 'a' })
    }))
})
