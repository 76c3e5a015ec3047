import { expect, test } from 'vitest'
import { retryAfterOf } from '../../src/outgoing/retry-after.ts'

test.each([
  ['7', 7],
  ['Fri, 27 Nov 2026 10:00:30 GMT', 30],
  ['7200', 7200],
  ['999999999999', 86_400],
  ['Fri, 27 Nov 2099 10:00:30 GMT', 86_400],
  ['0', undefined],
  ['Fri, 27 Nov 2020 10:00:30 GMT', undefined],
  ['-5', undefined],
  ['soon', undefined],
  [['1', '2'], undefined],
  [undefined, undefined],
])('Retry-After: %j are %j seconds', (header, seconds) => {
  expect(retryAfterOf(header, Date.parse('2026-11-27T10:00:00Z'))).toBe(seconds)
})
