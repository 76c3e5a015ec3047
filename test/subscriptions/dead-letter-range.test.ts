import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  kept,
  MOST_DEAD_LETTERS,
  NO_DEAD_LETTERS,
  placeOf,
  withMore,
  withoutUntil,
} from '../../src/subscriptions/dead-letter-range.ts'

test('the newest dead letters are kept, the others counted, and no two of them have the same place', () => {
  const act = fc.oneof(
    fc.record({ bury: fc.integer({ min: 0, max: 700 }), lost: fc.integer({ min: 0, max: 5 }) }),
    fc.record({ clear: fc.integer({ min: 0, max: 3000 }) }),
  )
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      let range = NO_DEAD_LETTERS
      let accountedFor = 0
      for (const one of acts) {
        const before = range
        if ('clear' in one) {
          range = withoutUntil(range, one.clear)
          accountedFor += kept(before) - kept(range)
        } else {
          range = withMore(range, one.bury, one.lost)
          accountedFor -= one.bury + one.lost
        }
        expect(kept(range)).toBeGreaterThanOrEqual(0)
        expect(kept(range)).toBeLessThanOrEqual(MOST_DEAD_LETTERS)
        expect(range.lost + kept(range) + accountedFor).toBe(0)
      }
      const places = Array.from({ length: kept(range) }, (_, index) => placeOf(range.first + index))
      expect(new Set(places).size).toBe(places.length)
    }),
  )
})
