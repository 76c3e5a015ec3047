import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createStore, type StoreParts } from '../../src/store/create-store.ts'
import { Fenced, type Store } from '../../src/store/store.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { silentLog } from '../harness/redis.ts'
import { cutReplication, type RedisGroup, startCluster, startSentinel } from '../harness/redis-group.ts'

const FAILOVER_MS = 30_000
const key = randomBytes(32)

describe.each([
  { kind: 'Redis with Sentinel', start: startSentinel, isCoordinated: false },
  { kind: 'a Redis Cluster', start: startCluster, isCoordinated: true },
])('a store on $kind', needs('redis'), ({ start, isCoordinated }) => {
  let group: RedisGroup
  let store: Store
  const open = (parts: Partial<StoreParts> = {}) =>
    createStore({ address: group.address, key, log: silentLog(), external: { tolerateVolatile: false }, ...parts })

  beforeAll(async () => {
    group = await start()
    store = await open()
  })
  afterAll(async () => {
    await store?.close()
    await group?.stop()
  })

  it('is refused while a server that may become the master evicts, which is named', async () => {
    const { port } = await group.master()
    const replica = group.members.find((member) => member.port !== port)
    await replica?.redis.config('SET', 'maxmemory-policy', 'allkeys-lru')
    const refused = open()
    await expect(refused).rejects.toMatchObject({ code: 'PREFLIGHT_FAILED' })
    await expect(refused).rejects.toThrow(`127.0.0.1:${replica?.port}: it may evict our records`)
    await expect(refused).rejects.not.toThrow('geheim')
    await (await open({ external: { tolerateVolatile: true } })).close()
    await replica?.redis.config('SET', 'maxmemory-policy', 'noeviction')
  })

  it('follows a planned failover at once, and the feed goes on', async () => {
    const before = await group.master()
    const numbers = store.collection<number>('numbers')
    const heard: unknown[] = []
    const stop = store.feed.subscribe(
      'numbers',
      ({ data }) => heard.push(data),
      () => undefined,
    )
    await numbers.create('a', 0)
    let written = 0
    async function write(): Promise<void> {
      const next = written + 1
      await numbers.update('a', () => ({ value: next, alongside: { events: [{ event: 'counted', data: next }] } }))
      written = next
    }
    await write()
    await group.failOver()
    await eventually(async () => {
      await write()
      expect(await before.redis.client('LIST')).not.toContain('o2ims-command')
    }, FAILOVER_MS)
    await write()
    expect((await numbers.get('a'))?.value).toBe(written)
    await eventually(async () => {
      await write()
      const last = written
      // Where something was lost, the feed goes on after a gap with what is written then.
      await eventually(() => expect(heard).toContain(last), 1_000)
    }, FAILOVER_MS)
    // Sentinel's old master takes some writes more, which nobody else has.
    if (isCoordinated) expect(heard).toEqual(Array.from({ length: written }, (_, index) => index + 1))
    stop()
    await eventually(async () => expect((await before.redis.role())[0]).toBe('slave'), FAILOVER_MS)
  }, 60_000)

  it('tells of a gap when the master died with writes that nobody else had, and gives no epoch and no n a second time', async () => {
    const texts = store.collection<string>('texts')
    const kept = await texts.create('a', 'kept')
    const gaps: string[] = []
    const heard: unknown[] = []
    const stop = store.feed.subscribe(
      'texts',
      ({ data }) => heard.push(data),
      () => gaps.push('gap'),
    )
    const master = await group.master()
    await eventually(async () => {
      // What was written until now is everywhere.
      expect(await master.redis.wait(1, 100)).toBeGreaterThan(0)
    })
    await cutReplication(group)
    const gone = await texts.update('a', () => ({
      value: 'lost',
      alongside: { events: [{ event: 'changed', data: 'lost' }] },
    }))
    await eventually(() => expect(heard).toEqual(['lost']))
    const lost = await store.outbox.takeEpoch()
    await master.child.kill()
    await eventually(async () => expect(await texts.get('a')).toEqual(kept), FAILOVER_MS)
    await eventually(() => expect(gaps).toEqual(['gap']), FAILOVER_MS)
    await store.outbox.openLane('lane')
    const epoch = await store.outbox.takeEpoch()
    await expect(store.outbox.advance('lane', 0, lost)).rejects.toBeInstanceOf(Fenced)
    expect(await store.outbox.advance('lane', 0, epoch)).toBe(true)
    const again = await texts.update('a', () => ({
      value: 'again',
      alongside: { events: [{ event: 'changed', data: 'again' }] },
    }))
    expect(again?.n).not.toBe(gone?.n)
    await eventually(() => expect(heard).toEqual(['lost', 'again']))
    stop()
  }, 60_000)
})
