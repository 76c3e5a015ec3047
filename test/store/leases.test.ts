import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KEYS } from '../../src/store/keys.ts'
import type { Store } from '../../src/store/store.ts'
import { eventually } from '../harness/eventually.ts'
import { createTestStore, plainConnection, type TestStore } from '../harness/redis.ts'
import { startStoreProcess } from '../harness/store-process.ts'

let test: TestStore
let other: Store

beforeAll(async () => {
  test = await createTestStore()
  other = await test.another()
})
afterAll(async () => {
  await other.close()
  await test.stop()
})

describe('a lease', () => {
  it('is taken by one process, again by the same, and by another when it was released', async () => {
    const { leases } = test.store
    expect(await leases.take('run')).toBe(true)
    expect(await leases.take('run')).toBe(true)
    expect(await other.leases.take('run')).toBe(false)
    expect(await other.leases.isHeld('run')).toBe(true)
    await other.leases.release('run')
    expect(await other.leases.isHeld('run')).toBe(true)
    await leases.release('run')
    expect(await leases.isHeld('run')).toBe(false)
    expect(await other.leases.take('run')).toBe(true)
    expect(await leases.take('run')).toBe(false)
  })

  it('goes to one of many who ask at the same instant', async () => {
    const stores = await Promise.all([1, 2, 3, 4].map(() => test.another()))
    const taken = await Promise.all(stores.map(({ leases }) => leases.take('race')))
    expect(taken.filter(Boolean)).toHaveLength(1)
    await Promise.all(stores.map((store) => store.close()))
    expect(await other.leases.isHeld('race')).toBe(false)
  })

  it('is kept for as long as the process lives, and a thousand of them as well', async () => {
    const short = await test.another({ leaseMs: 500 })
    try {
      const names = Array.from({ length: 1200 }, (_, i) => `many-${i}`)
      expect((await Promise.all(names.map((name) => short.leases.take(name)))).every(Boolean)).toBe(true)
      await sleep(1500)
      const held = await Promise.all(names.map((name) => other.leases.isHeld(name)))
      expect(held.filter((one) => !one)).toHaveLength(0)
    } finally {
      await short.close()
    }
  })

  it('of a process of this host that was killed is void at once', async () => {
    const holder = await startStoreProcess(test, 'lease')
    try {
      expect(await other.leases.take('lease of a child')).toBe(false)
      await holder.kill()
      expect(await other.leases.isHeld('lease of a child')).toBe(false)
      expect(await other.leases.take('lease of a child')).toBe(true)
    } finally {
      await holder.kill()
    }
  })

  it('of a process of another host ends by itself', async () => {
    const redis = plainConnection(test.redis)
    await redis.set(KEYS.lease('far'), 'token|another-host/1|1|1', 'PX', 300)
    redis.disconnect()
    expect(await other.leases.take('far')).toBe(false)
    await eventually(async () => expect(await other.leases.take('far')).toBe(true))
  })

  it('that is gone from Redis is reported as lost, once', async () => {
    const short = await test.another({ leaseMs: 500 })
    try {
      let lost = 0
      await short.leases.take('gone', () => {
        lost += 1
      })
      const redis = plainConnection(test.redis)
      await redis.del(KEYS.lease('gone'))
      redis.disconnect()
      expect(await other.leases.take('gone')).toBe(true)
      await eventually(() => expect(lost).toBe(1))
      await sleep(400)
      expect(lost).toBe(1)
      expect(await short.leases.take('gone')).toBe(false)
    } finally {
      await short.close()
    }
  })

  it('does not keep a store from closing while Redis is away', async () => {
    const lonely = await createTestStore()
    await lonely.store.leases.take('run')
    await lonely.redis.kill()
    const started = performance.now()
    await lonely.stop()
    expect(performance.now() - started).toBeLessThan(2000)
  })
})
