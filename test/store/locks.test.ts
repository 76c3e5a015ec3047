import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KEYS } from '../../src/store/keys.ts'
import { eventually } from '../harness/eventually.ts'
import { startStoreProcess } from '../harness/store-process.ts'
import { startTcpProxy } from '../harness/tcp-proxy.ts'
import { createTwoStores, type TwoStores } from './two-stores.ts'

let test: TwoStores
beforeAll(async () => {
  test = await createTwoStores()
})
afterAll(() => test?.stop())

const forever = () => new AbortController().signal

describe('a lock', () => {
  it('is held by one at a time, in and across processes, and everybody gets it', async () => {
    let inside = 0
    let most = 0
    let done = 0
    const work = async () => {
      inside += 1
      most = Math.max(most, inside)
      await sleep(5)
      inside -= 1
      done += 1
    }
    const turns = Array.from({ length: 20 }, (_, i) =>
      (i % 2 ? test.other : test.store).locks.withLock('one', forever(), work),
    )
    await Promise.all(turns)
    expect({ most, done }).toEqual({ most: 1, done: 20 })
  })

  it('is given in the order of asking within a process, and passes on what the work answers or throws', async () => {
    const order: number[] = []
    const turns = [1, 2, 3].map((i) =>
      test.store.locks.withLock('order', forever(), async () => {
        order.push(i)
        if (i === 2) throw new Error('two')
        return i
      }),
    )
    const results = await Promise.allSettled(turns)
    expect(order).toEqual([1, 2, 3])
    expect(results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.message))).toEqual([
      1,
      'two',
      3,
    ])
  })

  it('wakes one who waits in another process as soon as it is free', async () => {
    const released = Promise.withResolvers<void>()
    const held = test.store.locks.withLock('wake', forever(), () => released.promise)
    await eventually(async () => expect(await isHeld('wake')).toBe(true))
    let gotAt = 0
    const waiting = test.other.locks.withLock('wake', forever(), async () => {
      gotAt = performance.now()
    })
    await sleep(100)
    const freedAt = performance.now()
    released.resolve()
    await Promise.all([held, waiting])
    expect(gotAt - freedAt).toBeGreaterThan(0)
    expect(gotAt - freedAt).toBeLessThan(500)
  })

  it('is not waited for any longer when the signal aborts, and those behind still get it', async () => {
    const released = Promise.withResolvers<void>()
    const held = test.store.locks.withLock('patience', forever(), () => released.promise)
    const impatient = new AbortController()
    const here = test.store.locks.withLock('patience', impatient.signal, async () => 'never')
    const there = test.other.locks.withLock('patience', impatient.signal, async () => 'never')
    const behind = test.store.locks.withLock('patience', forever(), async () => 'at last')
    const rejected = Promise.all([expect(here).rejects.toThrow('enough'), expect(there).rejects.toThrow('enough')])
    await sleep(50)
    impatient.abort(new Error('enough'))
    await rejected
    released.resolve()
    await held
    expect(await behind).toBe('at last')
  })

  it('of a process of this host that was killed is free at once', async () => {
    const holder = await startStoreProcess(test, 'lock')
    try {
      expect(await isHeld('lock of a child')).toBe(true)
      await holder.kill()
      const started = performance.now()
      await test.store.locks.withLock('lock of a child', forever(), async () => undefined)
      expect(performance.now() - started).toBeLessThan(1000)
    } finally {
      await holder.kill()
    }
  })

  it('of a holder of another host that fell silent is free after the lease, not before', async () => {
    await test.plainly((redis) => redis.set(KEYS.lock('far'), 'token|another-host/1|1|1', 'PX', 700))
    const started = performance.now()
    await test.store.locks.withLock('far', forever(), async () => undefined)
    expect(performance.now() - started).toBeGreaterThan(650)
    expect(performance.now() - started).toBeLessThan(2500)
  })

  it('outlives its lease while the work goes on', async () => {
    await test.withThird({ leaseMs: 300 }, async (short) => {
      await short.locks.withLock('long', forever(), async (signal) => {
        await sleep(1000)
        expect(signal.aborted).toBe(false)
        expect(await isHeld('long')).toBe(true)
      })
      expect(await isHeld('long')).toBe(false)
    })
  })

  it('tells the work that it was lost, before anybody else can have it', async () => {
    // Wherever between two renewals it was taken
    await Promise.all([0, 50, 100, 150].map((offsetMs) => lostOnTheNet(`net-${offsetMs}`, offsetMs)))
  })
})

/** A holder whose connection is cut, and another one that waits. */
async function lostOnTheNet(name: string, offsetMs: number): Promise<void> {
  const proxy = await startTcpProxy(test.redis.port)
  const cut = await test.another({ leaseMs: 1000, address: { url: `redis://127.0.0.1:${proxy.port}` } })
  try {
    await sleep(offsetMs)
    let lostAt = 0
    let lostWith: unknown
    const lost = cut.locks.withLock(name, forever(), async (signal) => {
      proxy.cut()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      lostAt = performance.now()
      lostWith = signal.reason
    })
    await eventually(async () => expect(await isHeld(name)).toBe(true))
    let gotAt = 0
    await test.store.locks.withLock(name, forever(), async () => {
      gotAt = performance.now()
      await eventually(() => expect(lostAt).toBeGreaterThan(0))
    })
    expect(lostAt, name).toBeLessThan(gotAt)
    expect(lostWith).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    proxy.heal()
    await lost
  } finally {
    await cut.close()
    await proxy.close()
  }
}

const isHeld = (name: string) => test.plainly(async (redis) => (await redis.exists(KEYS.lock(name))) === 1)
