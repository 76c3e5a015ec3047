import { stripVTControlCharacters } from 'node:util'
import type { Canvas } from './render.ts'
import { widthOf } from './text.ts'

const ESCAPE = '\u001b'
const UP = (rows: number) => `${ESCAPE}[${rows}A`
const CLEAR_BELOW = `${ESCAPE}[0J`

/** Where a command writes to. */
export interface Terminal {
  /** A person looks at it: tables are drawn in place. */
  readonly live: boolean
  canvas(): Canvas
  print(lines: string | string[]): void
  /** Draws a block over the one before it. */
  draw(lines: string[]): void
  /** The block that stands stays; the next one begins below. */
  settle(): void
}

/** The parts of a stream that we use: process.stdout, process.stderr. */
export interface Output {
  isTTY?: boolean
  columns?: number
  rows?: number
  hasColors?(): boolean
  write(text: string): unknown
}

/** Our own styles (bold and colours), and control characters but line breaks and tabs. */
const CONTROL = new RegExp(`${ESCAPE}\\[(?:1|22|3[0-79]|90)m|[^\\P{Cc}\\n\\t]`, 'gu')

/** For whatever was not cleaned where it came in: of all that drives a terminal only our styles get through, and they only where there are any. */
const harmless = (text: string, color: boolean): string =>
  text.replace(CONTROL, (found) => (color && found.length > 1 ? found : ''))

/** A stream as a Terminal. Colours and drawing in place only where it is one; NO_COLOR is honoured (no-color.org). */
export function createTerminal(stream: Output, env: NodeJS.ProcessEnv = process.env): Terminal {
  const live = stream.isTTY === true && env.TERM !== 'dumb'
  let drawn: string[] = []
  const canvas = (): Canvas => ({
    width: stream.isTTY ? stream.columns || 80 : undefined,
    color: live && !env.NO_COLOR && (stream.hasColors?.() ?? false),
  })
  const erase = () => (drawn.length === 0 ? '' : `\r${UP(rowsOf(drawn, stream))}${CLEAR_BELOW}`)
  return {
    live,
    canvas,
    print(lines) {
      const { color } = canvas()
      const text = [lines].flat().map((line) => `${harmless(line, color)}\n`)
      stream.write(`${erase()}${text.join('')}${drawn.map((line) => `${line}\n`).join('')}`)
    },
    draw(lines) {
      const shown = lines.slice(0, Math.max(4, (stream.rows || 24) - 1))
      if (shown.join('\n') === drawn.join('\n')) return
      stream.write(`${erase()}${shown.map((line) => `${line}\n`).join('')}`)
      drawn = shown
    },
    settle() {
      drawn = []
    },
  }
}

/** A terminal that became narrower has wrapped what we drew: count the rows that it takes now. */
function rowsOf(lines: string[], stream: Output): number {
  const width = Math.max(1, stream.columns || 80)
  return lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(widthOf(stripVTControlCharacters(line)) / width)), 0)
}
