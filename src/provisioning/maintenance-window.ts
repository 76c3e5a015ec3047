import { CronExpressionParser } from 'cron-parser'
import { type FieldError, messageOf } from '../errors.ts'
import type { MaintenanceWindow } from './record.ts'

const MONTHS = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec'
const WEEKDAYS = 'sun|mon|tue|wed|thu|fri|sat'

/** The fields of cron. What goes beyond them (L, #, ?, H, 5/10, @daily) is refused: each program reads it in its own way, and the library guesses at what is misspelt. */
const FIELDS = [
  { name: 'minute', form: formOf('\\d{1,2}'), most: 59 },
  { name: 'hour', form: formOf('\\d{1,2}'), most: 23 },
  { name: 'day of month', form: formOf('\\d{1,2}'), most: 31 },
  { name: 'month', form: formOf(`\\d{1,2}|${MONTHS}`), most: 12 },
  { name: 'day of week', form: formOf(`\\d|${WEEKDAYS}`), most: 7 },
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

/** A list of values, ranges, and steps through a range. */
function formOf(value: string): RegExp {
  const part = `(?:${value}|(?:\\*|(?:${value})-(?:${value}))(?:/\\d{1,2})?)`
  return new RegExp(`^${part}(?:,${part})*$`, 'i')
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
  for (const [index, { name, form, most }] of FIELDS.entries()) {
    const field = fields[index] ?? ''
    if (!form.test(field)) return `the field ${name} cannot be read; a schedule looks like 0 2 * * SUN`
    const wide = [...field.matchAll(/\/(\d+)/g)].find(([, step]) => Number(step) > most)
    if (wide) return `the field ${name} steps by ${wide[1]}, which is beyond its end (${most})`
  }
  if (isAmbiguous(fields)) return AMBIGUOUS
  try {
    return neverComes(schedule) ? 'names a day that never comes' : undefined
  } catch (error) {
    const words = messageOf(error)
    return words.includes('explicit day of month') ? 'names a day that never comes' : `cannot be read: ${words}`
  }
}

const AMBIGUOUS =
  'limits both days, one of them by steps of *: some programs take that for both, others for either; write the step as a range, as 1-31/2'

/** cron itself takes a day that begins with * for no limit of its own. */
function isAmbiguous([, , dayOfMonth = '', , dayOfWeek = '']: readonly string[]): boolean {
  const days = [dayOfMonth, dayOfWeek]
  return !days.includes('*') && days.some((day) => day.includes('*'))
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
