import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { oldestUntaken } from '../../src/subscriptions/oldest-untaken.ts'
import { needs } from '../harness/needs.ts'
import { createTestStore, type TestStore } from '../harness/redis.ts'

describe('the oldest change that a subscriber has not taken', needs('redis'), () => {
  let test: TestStore
  beforeAll(async () => {
    test = await createTestStore()
  })
  afterAll(() => test?.stop())

  it('is that of the subscriber who is farthest behind', async () => {
    const { outbox } = test.store
    const things = test.store.collection<object>('thing')
    const write = (id: string) => things.create(id, {}, { changes: [{ kind: 'thing', data: {} }] })

    /** It is the one after that position, as old as it is between two looks at the clock. */
    async function isAfter(position: number): Promise<void> {
      const [entry] = (await outbox.read(position, 1)).entries
      const age = () => (Date.now() - (entry?.at ?? Number.NaN)) / 1000
      const least = age()
      const told = await oldestUntaken(outbox)
      expect(told).toBeGreaterThanOrEqual(least)
      expect(told).toBeLessThanOrEqual(age())
    }

    await write('a')
    expect(await oldestUntaken(outbox)).toBe(0)
    for (const lane of ['quick', 'slow']) await outbox.openLane(lane)
    expect(await oldestUntaken(outbox)).toBe(0)
    const before = await outbox.newest()
    await write('b')
    await sleep(50)
    await write('c')
    const epoch = await outbox.takeEpoch()
    await outbox.advance('quick', before + 2, epoch)
    await isAfter(before)
    await outbox.advance('slow', before + 1, epoch)
    await isAfter(before + 1)
    await outbox.advance('slow', before + 2, epoch)
    expect(await oldestUntaken(outbox)).toBe(0)
  })
})
