import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { attempted, dueIn, type Registration, wanted } from '../../src/registration/rules.ts'

const NOW = new Date('2026-11-27T10:00:00.000Z')
const later = (ms: number) => new Date(NOW.getTime() + ms)
const TARGET = {
  callback: 'https://smo.example/available',
  notification: { globalCloudId: 'cloud-7', oCloudId: 'o-1', IMS_EP: 'https://o2.example' },
}
const refused = (retryAfter?: number) =>
  ({ accepted: false, kind: 'status', reason: 'answered 503', status: 503, ...(retryAfter && { retryAfter }) }) as const
const ACCEPTED = { accepted: true, status: 204 } as const

describe('what is wanted at a start', () => {
  test('is due at once', () => {
    const first = wanted(undefined, TARGET, NOW)
    expect(first).toMatchObject({ ...TARGET, state: 'PENDING', attempts: 0 })
    expect(dueIn(first, NOW)).toBe(0)
  })

  test('is nothing when the SMO has accepted the same', () => {
    const accepted = attempted(wanted(undefined, TARGET, NOW), ACCEPTED, NOW)
    expect(wanted(accepted, structuredClone(TARGET), later(1))).toBe(accepted)
    expect(dueIn(accepted, later(1))).toBeUndefined()
  })

  test('does not wait for the pause of an attempt that failed before', () => {
    const failed = attempted(wanted(undefined, TARGET, NOW), refused(600), NOW)
    expect(dueIn(failed, later(1))).toBeGreaterThan(500_000)
    expect(dueIn(wanted(failed, TARGET, later(1)), later(1))).toBe(0)
  })

  test.each<[string, Pick<Registration, 'callback' | 'notification'>]>([
    ['the endpoint', { ...TARGET, notification: { ...TARGET.notification, IMS_EP: 'https://new.example' } }],
    ['the globalCloudId', { ...TARGET, notification: { ...TARGET.notification, globalCloudId: 'cloud-8' } }],
    ['the callback', { ...TARGET, callback: 'https://other.example/' }],
  ])('is to be told again when %s changes', (_what, other) => {
    const accepted = attempted(wanted(undefined, TARGET, NOW), ACCEPTED, NOW)
    const again = wanted(accepted, other, later(1))
    expect(again).toEqual({ ...other, state: 'PENDING', attempts: 0, nextAttemptAt: later(1).toISOString() })
  })
})

describe('an attempt', () => {
  test('that failed says why, and is made again later and later, within bounds', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
        let current = wanted(undefined, TARGET, NOW)
        for (let count = 0; count <= failures; count += 1) current = attempted(current, refused(), NOW, random)
        expect(current).toMatchObject({ state: 'PENDING', attempts: failures + 1, lastError: 'the SMO answered 503' })
        const due = dueIn(current, NOW) ?? 0
        expect(due).toBeGreaterThanOrEqual(Math.min(1000 * 2 ** failures, 300_000) / 2 - 1)
        expect(due).toBeLessThanOrEqual(300_000)
      }),
    )
  })

  test('obeys Retry-After', () => {
    expect(dueIn(attempted(wanted(undefined, TARGET, NOW), refused(120), NOW), NOW)).toBe(120_000)
  })

  test('that was accepted leaves no error and nothing to do', () => {
    const failed = attempted(wanted(undefined, TARGET, NOW), refused(), NOW)
    const accepted = attempted(failed, ACCEPTED, later(5000))
    expect(accepted).toEqual({
      ...TARGET,
      state: 'ACCEPTED',
      attempts: 2,
      lastAttemptAt: later(5000).toISOString(),
      acceptedAt: later(5000).toISOString(),
    })
  })
})
