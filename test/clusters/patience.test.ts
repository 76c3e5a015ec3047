import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { patience } from '../../src/clusters/patience.ts'

test('a time limit that is counted in ticks ends', async () => {
  const { signal } = patience(60)
  if (!signal.aborted) await once(signal, 'abort')
  expect(signal.reason).toMatchObject({ name: 'TimeoutError' })
})

test('a time limit is not run down while the process itself stands still', async () => {
  const { signal, clear } = patience(3_000)
  const until = performance.now() + 3_100
  while (performance.now() < until);
  await sleep(1)
  expect(signal.aborted).toBe(false)
  clear()
})
