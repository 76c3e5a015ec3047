import type { JsonObject, JsonValue } from '../json.ts'
import type { Transition } from './lifecycle.ts'
import type { ProvisioningEvent, ProvisioningRecord } from './record.ts'
import { durationOf } from './representation.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** One line of a request's log, as it is kept and answered. */
export interface LogLine extends JsonObject {
  time: string
  level: LogLevel
  msg: string
}

const LONGEST_TEXT = 2_000
const LONGEST_LINE = 8_000

/** The line as text: valid JSON without a line break in it, whatever the words are, and never longer than some kilobytes. */
export function textOfLine(line: LogLine): string {
  const text = JSON.stringify(shortened(line))
  if (text.length <= LONGEST_LINE) return text
  const { time, level, msg, step, generation } = line
  return JSON.stringify({ time, level, msg: cut(msg), step, generation, shortened: true })
}

function shortened(value: JsonValue): JsonValue {
  if (typeof value === 'string') return cut(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(shortened)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shortened(item)]))
}

function cut(text: string): string {
  const whole = text.toWellFormed()
  return whole.length <= LONGEST_TEXT ? whole : `${whole.slice(0, LONGEST_TEXT - 1).toWellFormed()}…`
}

/** What the log says of a change of the record: one line for each of its events. They are written together with it, so that the log never knows less than the record. */
export function linesOf({ record, events }: Transition): string[] {
  return events.flatMap((event) => {
    const line = lineOf(event, record)
    return line === undefined ? [] : [textOfLine(line)]
  })
}

function lineOf(event: ProvisioningEvent, record: ProvisioningRecord): LogLine | undefined {
  if (event.event === 'end') return undefined
  const { generation, message, at } = event.data
  if (event.event === 'phase') {
    const { provisioningPhase } = event.data
    const msg = message === '' ? provisioningPhase : message
    return { time: at, level: provisioningPhase === 'FAILED' ? 'error' : 'info', msg, provisioningPhase, generation }
  }
  const { step, state, percent } = event.data
  const { startedAt, finishedAt } = record.steps.find(({ name }) => name === step) ?? {}
  return {
    time: at,
    level: state === 'FAILED' ? 'error' : 'info',
    msg: message === '' ? state : message,
    step,
    state,
    percent,
    generation,
    ...durationOf(startedAt, finishedAt),
  }
}
