import { CronExpressionParser } from 'cron-parser'
import { type FieldError, messageOf } from '../errors.ts'
import type { MaintenanceWindow } from './record.ts'

const NUMBERS = /^[\d*,/-]+$/
/** Months and weekdays have names as well. What goes beyond cron (L, #, ?, H, @daily) is refused. */
const NAMES = '(sun|mon|tue|wed|thu|fri|sat|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)'
const NUMBERS_OR_NAMES = new RegExp(`^([\\d*,/-]|${NAMES})+$`, 'i')
const FIELDS = [
  { name: 'minute', form: NUMBERS },
  { name: 'hour', form: NUMBERS },
  { name: 'day of month', form: NUMBERS },
  { name: 'month', form: NUMBERS_OR_NAMES },
  { name: 'day of week', form: NUMBERS_OR_NAMES },
]
const LONGEST_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/**
 * The beginning of the window that is open at this instant, or else of the next one. A window is open from its beginning until just before its end; of windows that
 * overlap the earliest counts. The schedule must be one that `windowProblems` has nothing against.
 */
export function openingOf({ schedule, durationSeconds, timeZone }: MaintenanceWindow, at: Date): Date {
  // The first beginning after this one's: whatever began later and before now is still open.
  const after = new Date(at.getTime() - durationSeconds * 1000)
  return parse(schedule, timeZone, after).next().toDate()
}

function parse(schedule: string, timeZone = 'UTC', currentDate?: Date) {
  return CronExpressionParser.parse(schedule.trim(), { tz: timeZone, ...(currentDate && { currentDate }) })
}

/** What is wrong with a window, by pointers under `pointer`: a schedule that is not cron's or never comes, a time zone that nobody knows. */
export function windowProblems({ schedule, timeZone }: MaintenanceWindow, pointer: string): FieldError[] {
  const problems: FieldError[] = []
  const wrongSchedule = scheduleProblem(schedule)
  if (wrongSchedule) problems.push({ pointer: `${pointer}/schedule`, message: wrongSchedule })
  if (timeZone !== undefined && !isTimeZone(timeZone))
    problems.push({ pointer: `${pointer}/timeZone`, message: 'is no time zone; name one as Europe/Berlin or UTC' })
  return problems
}

function scheduleProblem(schedule: string): string | undefined {
  const fields = schedule.trim().split(/\s+/)
  if (fields.length !== FIELDS.length)
    return `must have five fields (${FIELDS.map(({ name }) => name).join(', ')}), as 0 2 * * SUN; it has ${fields.length}`
  const wrong = FIELDS.find(({ form }, index) => !form.test(fields[index] ?? ''))
  if (wrong) return `the field ${wrong.name} cannot be read; a schedule looks like 0 2 * * SUN`
  try {
    return neverComes(schedule) ? 'names a day that never comes' : undefined
  } catch (error) {
    const words = messageOf(error)
    return words.includes('explicit day of month') ? 'names a day that never comes' : `cannot be read: ${words}`
  }
}

/** True for 31 February and the like; any day of a week comes, whatever the day of the month. */
function neverComes(schedule: string): boolean {
  const { dayOfMonth, dayOfWeek, month } = parse(schedule).fields
  if (dayOfMonth.isWildcard || !dayOfWeek.isWildcard) return false
  const first = Math.min(...dayOfMonth.values.map(Number))
  return month.values.every((number) => first > (LONGEST_MONTHS[number - 1] ?? 0))
}

function isTimeZone(name: string): boolean {
  // Offsets such as +02:00 are no places: they know no summer time.
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
