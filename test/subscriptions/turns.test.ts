import { setImmediate as othersFirst } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createTurns } from '../../src/subscriptions/turns.ts'

test('lanes that are woken together have their turns in order, and others have theirs in between', async () => {
  const turn = createTurns()
  const order: number[] = []
  let others = 0
  let done = false
  const lanes = Array.from({ length: 20 }, async (_, index) => {
    await turn()
    order.push(index)
    for (const start = performance.now(); performance.now() - start < 6; );
  })
  const other = (async () => {
    while (!done) {
      await othersFirst()
      others += 1
    }
  })()
  await Promise.all(lanes)
  done = true
  await other
  expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index))
  expect(others).toBeGreaterThan(5)
})
