import { styleText } from 'node:util'
import type { LogLine } from '../client/log-lines.ts'
import type { Canvas } from './render.ts'
import { clean } from './text.ts'

const LEVELS: Record<string, 'gray' | 'cyan' | 'yellow' | 'red'> = {
  debug: 'gray',
  info: 'cyan',
  warn: 'yellow',
  error: 'red',
}

/** A line of the log for people: the time of day, how bad it is, the step, the words. */
export function logLineText({ line }: LogLine, { color }: Pick<Canvas, 'color'>): string {
  const { time, level, msg, step, tool } = line
  const word = clean(level).toUpperCase().padEnd(5)
  const style = LEVELS[level] ?? 'gray'
  const painted = color ? styleText(style, word, { validateStream: false }) : word
  const where = [step, tool].filter((each) => each !== undefined).join(' ')
  const said = clean(`${where === '' ? '' : `${where}: `}${msg}`)
  return `${clean(time).replace(/^.*T/, '').replace(/Z$/, '')} ${painted} ${said}`
}
