import { describe, expect, test } from 'vitest'
import type { OCloudStatus } from '../../src/clusters/cluster.ts'
import { statusesOf } from '../../src/clusters/statuses.ts'

const reachable: OCloudStatus = { reachable: true, checkedAt: '2026-01-01T00:00:00Z' }
const ids = (count: number) => Array.from({ length: count }, (_, index) => String(index))

describe('the statuses of a list', () => {
  test('come in order, a few at a time', async () => {
    let running = 0
    let most = 0
    const statuses = await statusesOf(
      {
        async status(id) {
          most = Math.max(most, ++running)
          await new Promise((resolve) => setTimeout(resolve, 5))
          running -= 1
          return { ...reachable, version: id }
        },
      },
      ids(50),
    )
    expect(statuses.map(({ version }) => version)).toEqual(ids(50))
    expect(most).toBeLessThanOrEqual(8)
  })

  test('do not wait for one that hangs or fails', async () => {
    const started = performance.now()
    const statuses = await statusesOf(
      {
        async status(id) {
          if (id === '1') return new Promise<never>(() => undefined)
          if (id === '2') throw new Error('gone')
          return reachable
        },
      },
      ids(4),
      100,
    )
    expect(performance.now() - started).toBeLessThan(1000)
    expect(statuses.map((status) => status.reachable)).toEqual([true, false, false, true])
    expect(statuses[1]?.message).toContain('in time')
  })
})
