import { expect, test } from 'vitest'
import type { Reach } from '../../../src/clusters/cluster.ts'
import { createReach } from '../../../src/clusters/kubernetes/reach.ts'

function told(attempts: string): Reach[] {
  const heard: Reach[] = []
  const reach = createReach((one) => heard.push(one))
  for (const attempt of attempts) attempt === '+' ? reach.answered() : reach.failed(`failure ${attempt}`)
  return heard
}

test.each([
  ['answers', '+++', ['here']],
  ['cannot be reached from the start', '12', ['away: failure 1']],
  ['ends a connection now and then', '+1+2+3+', ['here']],
  ['does not answer the attempt after one that broke', '+12345', ['here', 'away: failure 2']],
  ['comes back, and goes again', '12++34+', ['away: failure 1', 'here', 'away: failure 4', 'here']],
])('a server that %s', (_, attempts, expected) => {
  expect(told(attempts).map((reach) => (reach.reachable ? 'here' : `away: ${reach.reason}`))).toEqual(expected)
})
