import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Delivery } from '../../src/subscriptions/record.ts'
import {
  afterFailure,
  afterSuccess,
  isExpired,
  isRefusal,
  NEW_DELIVERY,
  pauseLeft,
  type RetrySettings,
  withoutPause,
} from '../../src/subscriptions/retry-rules.ts'

const settings: RetrySettings = { firstMs: 1000, mostMs: 3_600_000, windowMs: 86_400_000 }
const failure = { accepted: false, kind: 'unreachable', reason: 'refused the connection' } as const
const start = new Date('2026-11-23T10:00:00Z')
const later = (ms: number) => new Date(start.getTime() + ms)

/** How deliveries stand after so many failures, each tried as soon as it may be. */
function failing(times: number, random = 0.5): { delivery: Delivery; now: Date } {
  let delivery = NEW_DELIVERY
  let now = start
  for (let index = 0; index < times; index++) {
    delivery = afterFailure(delivery, failure, now, settings, random)
    if (index < times - 1) now = new Date(now.getTime() + pauseLeft(delivery, now))
  }
  return { delivery, now }
}

describe('the pause after a failure', () => {
  test('lies between half and all of what doubles with each failure, up to the longest', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.double({ min: 0, max: 1, noNaN: true }), (times, random) => {
        const { delivery, now } = failing(times, random)
        const ceiling = Math.min(settings.mostMs, settings.firstMs * 2 ** (times - 1))
        expect(pauseLeft(delivery, now)).toBeGreaterThanOrEqual(ceiling / 2)
        expect(pauseLeft(delivery, now)).toBeLessThanOrEqual(ceiling)
        expect(delivery.consecutiveFailures).toBe(times)
      }),
    )
  })

  test('is never shorter than what Retry-After asks for, unless that is longer than the longest', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 0, max: 20 }), (retryAfter, before) => {
        const delivery = afterFailure(failing(before).delivery, { ...failure, retryAfter }, start, settings, 0)
        expect(pauseLeft(delivery, start)).toBeGreaterThanOrEqual(Math.min(retryAfter * 1000, settings.mostMs))
        expect(pauseLeft(delivery, start)).toBeLessThanOrEqual(settings.mostMs)
      }),
    )
  })

  test('ends with time, with a success, and when somebody asks', () => {
    const { delivery, now } = failing(5)
    expect(pauseLeft(delivery, new Date(now.getTime() + settings.mostMs))).toBe(0)
    expect(pauseLeft(withoutPause(delivery), now)).toBe(0)
    expect(afterSuccess(delivery, now)).toEqual({
      consecutiveFailures: 0,
      lastSuccessAt: now.toISOString(),
      lastFailure: delivery.lastFailure,
    })
  })

  test('a failure keeps the time of the first one and of the last success', () => {
    const well = afterSuccess(NEW_DELIVERY, start)
    const first = afterFailure(well, failure, later(10), settings, 0)
    const second = afterFailure(first, failure, later(5000), settings, 0)
    expect(second).toMatchObject({ failingSince: later(10).toISOString(), lastSuccessAt: start.toISOString() })
  })
})

describe('the retry window', () => {
  const failingSince = later(0).toISOString()
  const delivery = { consecutiveFailures: 3, failingSince }

  test('runs from the change, for those that come while it fails', () => {
    expect(isExpired(later(5000).getTime(), delivery, later(settings.windowMs + 4999), settings)).toBe(false)
    expect(isExpired(later(5000).getTime(), delivery, later(settings.windowMs + 5000), settings)).toBe(true)
  })

  test('runs from the first failure, for those that waited before it, however long', () => {
    expect(isExpired(0, delivery, later(settings.windowMs - 1), settings)).toBe(false)
    expect(isExpired(0, delivery, later(settings.windowMs), settings)).toBe(true)
  })

  test('nothing expires where nothing failed', () => {
    expect(isExpired(0, NEW_DELIVERY, start, settings)).toBe(false)
  })
})

test('an answer about the notification is a refusal; one that says "not now", or none, is not', () => {
  const answered = (status: number) =>
    ({ accepted: false, kind: 'status', reason: `answered ${status}`, status }) as const
  expect([400, 404, 413, 500, 301].map((status) => isRefusal(answered(status)))).toEqual(Array(5).fill(true))
  expect([429, 502, 503, 504].map((status) => isRefusal(answered(status)))).toEqual(Array(4).fill(false))
  expect(isRefusal(failure)).toBe(false)
})
