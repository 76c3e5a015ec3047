import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { throttle } from '../../../src/provisioning/run/throttle.ts'
import { eventually } from '../../harness/eventually.ts'

test('of many calls the last one gets through, and none that is settled', async () => {
  const seen: number[] = []
  const { call, settle } = throttle(
    () => 20,
    (value: number) => seen.push(value),
  )
  call(1)
  call(2)
  expect(seen).toEqual([])
  await eventually(() => expect(seen).toEqual([2]))
  call(3)
  settle()
  await sleep(50)
  expect(seen).toEqual([2])
})

test('how long a call waits is asked anew for each', async () => {
  const seen: string[] = []
  let everyMs = 60_000
  const { call, settle } = throttle(
    () => everyMs,
    (value: string) => seen.push(value),
  )
  call('while much is to be told')
  settle()
  everyMs = 1
  call('later')
  await eventually(() => expect(seen).toEqual(['later']))
})
