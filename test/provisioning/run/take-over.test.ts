import { getEventListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ServiceError } from '../../../src/errors.ts'
import { Interruption } from '../../../src/provisioning/run/interruption.ts'
import { runRequest } from '../../../src/provisioning/run/run-request.ts'
import { plainConnection } from '../../harness/redis.ts'
import { createTestRun, failAt, startThingRuns, type ThingRuns } from '../../harness/run.ts'

let run: ThingRuns
beforeAll(async () => {
  run = await startThingRuns()
})
afterAll(() => run?.stop())

describe('a run whose worker, lock or store goes away', () => {
  it('goes on at the first step that is not done after a worker stopped, and does not run finished steps again', async () => {
    const world = run.fresh()
    const shutdown = new AbortController()
    world.duringApply = async (name, { signal }) => {
      if (name === 'b' && !shutdown.signal.aborted) {
        shutdown.abort(new Interruption('shutdown', 'stopping'))
        signal.throwIfAborted()
      }
    }
    const posted = await run.postThree()
    expect(await run.run(posted, shutdown.signal)).toBe('requeue')
    const before = await run.now(posted)
    expect(before.phase).toBe('PROGRESSING')
    await run.run(posted)
    const record = await run.now(posted)
    expect(record.phase).toBe('FULFILLED')
    expect(record.epoch).toBeGreaterThan(before.epoch)
    expect(world.calls.filter((call) => call.startsWith('apply'))).toEqual(['apply a', 'apply b', 'apply b', 'apply c'])
  })

  it('goes on from what stands when the store lost what it had written last, as after a failover', async () => {
    const world = run.fresh()
    const redis = plainConnection(run.testStore.redis)
    const kept = new Map<string, Buffer>()
    world.duringApply = async (name) => {
      if (name === 'a' && kept.size === 0) {
        for (const key of await redis.keys('*')) kept.set(key, (await redis.dumpBuffer(key)) ?? Buffer.alloc(0))
      } else if (name === 'b' && kept.size > 0) {
        for (const [key, value] of kept) await redis.restore(key, 0, value, 'REPLACE')
        kept.clear()
      }
    }
    const posted = await run.postThree()
    expect(await run.run(posted)).toEqual({ againInMs: 500 })
    expect((await run.now(posted)).steps[0]?.state).toBe('RUNNING')
    world.duringApply = async () => undefined
    expect(await run.run(posted)).toBe('done')
    const record = await run.now(posted)
    expect(record.phase).toBe('FULFILLED')
    expect(record.steps.map(({ state }) => state)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED'])
    redis.disconnect()
  })

  it('goes on with the undo after a worker stopped in the middle of it', async () => {
    const world = run.fresh()
    const shutdown = new AbortController()
    world.duringApply = failAt('c', () => new ServiceError('APPLY_FAILED', 'no'))
    world.duringUndo = async (name, { signal }) => {
      if (name === 'b' && !shutdown.signal.aborted) {
        shutdown.abort(new Interruption('shutdown', 'stopping'))
        signal.throwIfAborted()
      }
    }
    const posted = await run.postThree()
    expect(await run.run(posted, shutdown.signal)).toBe('requeue')
    await run.run(posted)
    const record = await run.now(posted)
    expect(record.phase).toBe('FAILED')
    expect(record.error).toMatchObject({ code: 'APPLY_FAILED', cause: 'no' })
    expect(record.error?.undone.map((object) => object.name).sort()).toEqual(['a', 'b', 'c'])
    expect(world.things.size).toBe(0)
  })

  it('is fenced: a worker that another one has overtaken writes nothing more and makes nothing more', async () => {
    const world = run.fresh()
    const another = await run.testStore.another({ leaseMs: 1_000 })
    const second = await createTestRun(another, new Map())
    second.parts.catalogue = run.parts.catalogue
    const reached = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    world.duringApply = async (name) => {
      if (name !== 'a') return
      reached.resolve()
      await goOn.promise
    }
    const posted = await run.postThree()
    const { collection } = run.requests
    const first = run.run(posted)
    await reached.promise
    // Another worker takes over without waiting for the first one's lock, as after a pause of the whole process.
    await collection.update(posted.provisioningRequestId, ({ value, n }) => ({
      value: { ...value, n, epoch: value.epoch + 1 },
      alongside: { epoch: value.epoch, newEpoch: value.epoch + 1 },
    }))
    goOn.resolve()
    expect(await first).toBe('done')
    const record = await run.now(posted)
    expect(record.steps[0]?.state).toBe('RUNNING')
    expect(world.calls).toEqual(['apply a'])
    await another.close()
  })

  it('goes on after the whole process stood still for longer than its lease, when nobody else took over', async () => {
    const world = run.fresh()
    world.duringApply = async (name, { signal }) => {
      if (name !== 'b') return
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500)
      await sleep(1_500, undefined, { signal })
    }
    const posted = await run.postThree()
    expect(await run.run(posted)).toBe('done')
    expect((await run.now(posted)).phase).toBe('FULFILLED')
    expect(world.calls.filter((call) => call === 'apply b')).toHaveLength(1)
  })

  it('does not take a lost lock for a failure: the run stops, and goes on when it has the lock again', async () => {
    const world = run.fresh()
    const posted = await run.postThree()
    let first = true
    world.duringApply = async (name, { signal }) => {
      if (name !== 'b' || !first) return
      first = false
      const redis = plainConnection(run.testStore.redis)
      const [key = ''] = await redis.keys(`*request:${posted.reference}*`)
      await redis.set(key, 'somebody else', 'PX', 1_000)
      redis.disconnect()
      await sleep(5_000, undefined, { signal })
    }
    expect(await run.run(posted)).toEqual({ againInMs: 500 })
    expect((await run.now(posted)).phase).toBe('PROGRESSING')
    await run.run(posted)
    expect((await run.now(posted)).phase).toBe('FULFILLED')
  })

  it('does not take a store that stays away for a failure: the run lets go, and goes on later', async () => {
    const world = run.fresh()
    const posted = await run.postThree()
    const { collection } = run.requests
    let away = false
    const flaky: typeof collection = {
      ...collection,
      get: (id) => (away ? Promise.reject(storeAway()) : collection.get(id)),
      replace: (...given) => (away ? Promise.reject(storeAway()) : collection.replace(...given)),
    }
    world.duringApply = async (name) => {
      if (name === 'b') away = true
    }
    const parts = { requests: { ...run.requests, collection: flaky }, storeOutageMs: 200 }
    expect(await run.run(posted, undefined, parts)).toEqual({ againInMs: 5_000 })
    expect(await run.now(posted)).not.toHaveProperty('error')
    expect(world.calls.filter((call) => call.startsWith('undo'))).toEqual([])
    // The same while it undoes: what failed is on record, the rest of the undo comes later.
    away = false
    world.duringApply = failAt('c', () => new ServiceError('FORBIDDEN', 'no'))
    world.duringUndo = async (name) => {
      if (name === 'b') away = true
    }
    expect(await run.run(posted, undefined, parts)).toEqual({ againInMs: 5_000 })
    away = false
    world.duringUndo = async () => undefined
    expect(await run.run(posted, undefined, parts)).toBe('done')
    const record = await run.now(posted)
    expect(record).toMatchObject({ phase: 'FAILED', error: { code: 'PROVISIONING_FAILED', cause: 'no', left: [] } })
    expect(world.things.size).toBe(0)
  })

  it('leaves nothing behind on the signal of the process', async () => {
    run.fresh()
    const shutdown = new AbortController()
    const nothing = { provisioningRequestId: 'nobody', reference: 'nobody', generation: 1 }
    const trivial = async (times: number) => {
      for (let i = 0; i < times; i++) await runRequest(nothing, shutdown.signal, run.parts)
    }
    await trivial(1)
    expect(getEventListeners(shutdown.signal, 'abort')).toEqual([])
    const dependants = Object.getOwnPropertySymbols(shutdown.signal).find((key) => /dependant/i.test(String(key)))
    expect(dependants && Reflect.get(shutdown.signal, dependants)).toBeUndefined()
  })
})

const storeAway = () => new ServiceError('UNAVAILABLE', 'Redis does not answer', { retryable: true })
