import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KEYS } from '../../src/store/keys.ts'
import { eventually } from '../harness/eventually.ts'
import { createTestStore } from '../harness/redis.ts'
import { startStoreProcess } from '../harness/store-process.ts'
import { createTwoStores, type TwoStores } from './two-stores.ts'

let test: TwoStores
beforeAll(async () => {
  test = await createTwoStores()
})
afterAll(() => test?.stop())

describe('a lease', () => {
  it('is taken by one process, again by the same, and by another when it was released', async () => {
    const { leases } = test.store
    expect(await leases.take('run')).toBe(true)
    expect(await leases.take('run')).toBe(true)
    expect(await test.other.leases.take('run')).toBe(false)
    expect(await test.other.leases.isHeld('run')).toBe(true)
    await test.other.leases.release('run')
    expect(await test.other.leases.isHeld('run')).toBe(true)
    await leases.release('run')
    expect(await leases.isHeld('run')).toBe(false)
    expect(await test.other.leases.take('run')).toBe(true)
    expect(await leases.take('run')).toBe(false)
  })

  it('goes to one of many who ask at the same instant', async () => {
    const stores = await Promise.all([1, 2, 3, 4].map(() => test.another()))
    const taken = await Promise.all(stores.map(({ leases }) => leases.take('race')))
    expect(taken.filter(Boolean)).toHaveLength(1)
    await Promise.all(stores.map((store) => store.close()))
    expect(await test.other.leases.isHeld('race')).toBe(false)
  })

  it('is kept for as long as the process lives, and a thousand of them as well', async () => {
    await test.withThird({ leaseMs: 500 }, async (short) => {
      const names = Array.from({ length: 1200 }, (_, i) => `many-${i}`)
      expect((await Promise.all(names.map((name) => short.leases.take(name)))).every(Boolean)).toBe(true)
      await sleep(1500)
      const held = await Promise.all(names.map((name) => test.other.leases.isHeld(name)))
      expect(held.filter((one) => !one)).toHaveLength(0)
    })
  })

  it('of a process of this host that was killed is void at once', async () => {
    const holder = await startStoreProcess(test, 'lease')
    try {
      expect(await test.other.leases.take('lease of a child')).toBe(false)
      await holder.kill()
      expect(await test.other.leases.isHeld('lease of a child')).toBe(false)
      expect(await test.other.leases.take('lease of a child')).toBe(true)
    } finally {
      await holder.kill()
    }
  })

  it('of a process of another host ends by itself', async () => {
    await test.plainly((redis) => redis.set(KEYS.lease('far'), 'token|another-host/1|1|1', 'PX', 300))
    expect(await test.other.leases.take('far')).toBe(false)
    await eventually(async () => expect(await test.other.leases.take('far')).toBe(true))
  })

  it('that is gone from Redis is reported as lost, once', async () => {
    await test.withThird({ leaseMs: 500 }, async (short) => {
      let lost = 0
      await short.leases.take('gone', () => {
        lost += 1
      })
      await test.plainly((redis) => redis.del(KEYS.lease('gone')))
      expect(await test.other.leases.take('gone')).toBe(true)
      await eventually(() => expect(lost).toBe(1))
      await sleep(400)
      expect(lost).toBe(1)
      expect(await short.leases.take('gone')).toBe(false)
    })
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
