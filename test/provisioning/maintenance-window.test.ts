import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openingOf, windowProblems } from '../../src/provisioning/maintenance-window.ts'
import type { MaintenanceWindow } from '../../src/provisioning/record.ts'

const sundays: MaintenanceWindow = { schedule: '0 2 * * SUN', durationSeconds: 4 * 3600 }

const MINUTE = 60_000
const range = (length: number) => Array.from({ length }, (_none, index) => index)
const at = (time: Date, hour: number, minute: number) => time.getUTCHours() === hour && time.getUTCMinutes() === minute
/** What the schedules mean, said another way. */
const SCHEDULES: Record<string, (time: Date) => boolean> = {
  '0 2 * * SUN': (time) => time.getUTCDay() === 0 && at(time, 2, 0),
  '*/7 3-5 * * *': (time) => time.getUTCMinutes() % 7 === 0 && [3, 4, 5].includes(time.getUTCHours()),
  '15 0 1,15 * *': (time) => [1, 15].includes(time.getUTCDate()) && at(time, 0, 15),
  '0 0 29 2 *': (time) => time.getUTCMonth() === 1 && time.getUTCDate() === 29 && at(time, 0, 0),
  '30 22 * FEB-APR MON,FRI': (time) =>
    [1, 2, 3].includes(time.getUTCMonth()) && [1, 5].includes(time.getUTCDay()) && at(time, 22, 30),
  '0 2 13 * FRI': (time) => (time.getUTCDate() === 13 || time.getUTCDay() === 5) && at(time, 2, 0),
}

const opening = (window: MaintenanceWindow, at: string) => openingOf(window, new Date(at)).toISOString()

describe('a maintenance window', () => {
  it('is open from its beginning until just before its end, and then comes the next one', () => {
    expect(opening(sundays, '2026-11-20T12:00:00Z')).toBe('2026-11-22T02:00:00.000Z')
    expect(opening(sundays, '2026-11-22T01:59:59.999Z')).toBe('2026-11-22T02:00:00.000Z')
    expect(opening(sundays, '2026-11-22T02:00:00Z')).toBe('2026-11-22T02:00:00.000Z')
    expect(opening(sundays, '2026-11-22T05:59:59.999Z')).toBe('2026-11-22T02:00:00.000Z')
    expect(opening(sundays, '2026-11-22T06:00:00Z')).toBe('2026-11-29T02:00:00.000Z')
  })

  it('goes by the clock of its time zone, in summer and in winter', () => {
    const berlin = { ...sundays, timeZone: 'Europe/Berlin' }
    expect(opening(berlin, '2026-07-01T00:00:00Z')).toBe('2026-07-05T00:00:00.000Z')
    expect(opening(berlin, '2026-12-01T00:00:00Z')).toBe('2026-12-06T01:00:00.000Z')
  })

  it('comes also at a local time that the change of the clock leaves out or has twice', () => {
    const daily = { schedule: '30 2 * * *', durationSeconds: 3600, timeZone: 'Europe/Berlin' }
    expect(opening(daily, '2026-03-28T23:00:00Z')).toBe('2026-03-29T01:30:00.000Z')
    expect(opening(daily, '2026-10-24T23:00:00Z')).toBe('2026-10-25T00:30:00.000Z')
    expect(opening(daily, '2026-10-25T01:45:00Z')).toBe('2026-10-26T01:30:00.000Z')
  })

  it('that is as long as the pause between two is always open', () => {
    const always = { schedule: '*/10 * * * *', durationSeconds: 600 }
    fc.assert(
      fc.property(fc.date({ min: new Date('2026-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }), (at) => {
        expect(openingOf(always, at) <= at).toBe(true)
      }),
    )
  })

  it('is open exactly when its schedule had a beginning not longer ago than it lasts', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(SCHEDULES)),
        fc.integer({ min: 1, max: 600 }),
        fc.date({ min: new Date('2026-01-01'), max: new Date('2032-01-01'), noInvalidDate: true }),
        (schedule, minutes, at) => {
          const begins = SCHEDULES[schedule] as (time: Date) => boolean
          const opens = openingOf({ schedule, durationSeconds: minutes * 60 }, at)
          const lastMinute = Math.floor(at.getTime() / MINUTE)
          const isOpen = range(minutes).some((ago) => {
            const begin = new Date((lastMinute - ago) * MINUTE)
            return begins(begin) && at.getTime() < begin.getTime() + minutes * MINUTE
          })
          expect([opens <= at, begins(opens)]).toEqual([isOpen, true])
          if (!isOpen) {
            const between = Math.min(5_000, opens.getTime() / MINUTE - lastMinute - 1)
            expect(range(between).some((more) => begins(new Date((lastMinute + 1 + more) * MINUTE)))).toBe(false)
          }
        },
      ),
    )
  })

  it.each([
    '0 2 * * SUN',
    '*/15 * * * *',
    '0 0 29 2 *',
    '0 0 1 jan *',
    '0 2 1-7 * sun',
    '5,35 0-6 * * 1-5',
    '0 0 31 2 MON',
    '00 02 * * 7',
    '0 2 1-31/2 dec mon-5',
    '10-50/20,5 * * * *',
  ])('may have the schedule %s', (schedule) => {
    expect(windowProblems({ schedule, durationSeconds: 60 }, '/w')).toEqual([])
  })

  it.each([
    ['0 2 * *', 'five fields'],
    ['0 0 2 * * SUN', 'it has 6'],
    ['@daily', 'five fields'],
    ['60 2 * * *', 'cannot be read'],
    ['0 2 * * SUNDAY', 'day of week cannot be read'],
    ['0 2 L * *', 'day of month cannot be read'],
    ['H 2 * * *', 'minute cannot be read'],
    ['0 2 * * MON#1', 'day of week cannot be read'],
    ['0 SUN * * *', 'hour cannot be read'],
    ['0 0 31 2 *', 'never comes'],
    ['0 0 30 FEB *', 'never comes'],
    ['0 0 31 2,4,6,9,11 *', 'never comes'],
    ['0 0 * * SUN; rm', 'five fields'],
    ['0 2 ? * *', 'day of month cannot be read'],
    ['@every 5m', 'it has 2'],
    // All of these the library takes, and for something else than was meant.
    ['1-2-3 * * * *', 'minute cannot be read'],
    ['*-5 * * * *', 'minute cannot be read'],
    ['5* * * * *', 'minute cannot be read'],
    ['0/15 * * * *', 'minute cannot be read'],
    ['0 2 * janfeb *', 'month cannot be read'],
    ['0 2 * jan1 *', 'month cannot be read'],
    ['0 2 * * jan', 'day of week cannot be read'],
    ['*/61 * * * *', 'minute steps by 61'],
    ['0 */24 * * *', 'hour steps by 24'],
    ['0 2 31 2 */1', 'limits both days'],
    ['0 2 */2 * MON', 'limits both days'],
  ])('may not have the schedule %s', (schedule, words) => {
    const problems = windowProblems({ schedule, durationSeconds: 60 }, '/options/maintenanceWindow')
    expect(problems).toEqual([
      { pointer: '/options/maintenanceWindow/schedule', message: expect.stringContaining(words) },
    ])
  })

  it('names a place that has a clock', () => {
    const problem = (timeZone: string) => windowProblems({ ...sundays, timeZone }, '/w').map(({ pointer }) => pointer)
    expect(['UTC', 'Europe/Berlin', 'Asia/Taipei'].flatMap(problem)).toEqual([])
    expect(['Mars/Olympus', '+02:00', 'local', ''].map(problem)).toEqual(Array(4).fill(['/w/timeZone']))
  })

  it('that nobody can read never takes long to refuse, whatever is in it', () => {
    const field = fc.oneof(
      fc.constantFrom('*', '0', '31', '1-31', '*/7', '2,4', 'FEB', 'SUN', '9-3'),
      fc.string({ maxLength: 8 }),
    )
    fc.assert(
      fc.property(fc.array(field, { minLength: 4, maxLength: 6 }), (fields) => {
        const window = { schedule: fields.join(' '), durationSeconds: 60 }
        const began = performance.now()
        const problems = windowProblems(window, '/w')
        expect(performance.now() - began).toBeLessThan(100)
        if (problems.length === 0) expect(openingOf(window, new Date())).toBeInstanceOf(Date)
      }),
      { numRuns: 500 },
    )
  })
})
