import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRecentChanges } from '../../src/subscriptions/recent-changes.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { createTestStore, silentLog, type TestStore } from '../harness/redis.ts'

describe('the changes that a lane gets at once', needs('redis'), () => {
  let world: TestStore
  beforeAll(async () => {
    world = await createTestStore()
  })
  afterAll(() => world?.stop())

  test.each([
    ['from memory', true],
    ['from the outbox', false],
  ])('are few when they are large, %s', async (_where, fromMemory) => {
    const { outbox } = world.store
    await outbox.openLane('a')
    const sizes = [...Array(30).fill(10), 50_000, 50_000, 200_000, 10, 10]
    const changes = sizes.map((size) => ({ kind: 'any', data: { text: 'x'.repeat(size) } }))
    const before = await outbox.newest()
    const write = () => world.store.collection<number>('things').create(`${fromMemory}`, 1, { changes })
    if (!fromMemory) await write()
    let news = 0
    const recent = createRecentChanges({
      outbox,
      start: await outbox.newest(),
      onNews: () => {
        news += 1
      },
      onForgotten: () => undefined,
      log: silentLog(),
    })
    const stop = new AbortController()
    const following = fromMemory ? recent.follow(stop.signal) : undefined
    if (fromMemory) {
      await write()
      recent.nudge()
      await eventually(() => expect(news).toBeGreaterThan(0))
    }
    const portions: number[] = []
    for (let taken = before; portions.at(-1) !== 0; taken += portions.at(-1) ?? 0)
      portions.push((await recent.after(taken)).changes.length)
    expect(portions).toEqual([20, 11, 1, 1, 2, 0])
    stop.abort()
    await following
  })
})
