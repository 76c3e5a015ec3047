import { stripVTControlCharacters } from 'node:util'

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const WIDE =
  /\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|[\uFF01-\uFF60]/u

/** One line without escape sequences, control characters and those that turn text around: what a server says never drives the terminal, nor hides on it. */
export function clean(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\s\p{Cc}\p{Bidi_Control}]+/gu, ' ')
    .trim()
}

/** The same for what has lines: they stay, and tabs. Line by line, so that a sequence without an end swallows no more than its line. */
export function cleanLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => stripVTControlCharacters(line).replace(/[^\P{Cc}\t]|\p{Bidi_Control}/gu, ''))
    .join('\n')
}

/** Columns that a text without escape sequences takes on a terminal. */
export function widthOf(text: string): number {
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : 1
  return width
}

/** Cuts to a width; what was cut off becomes one ellipsis. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  if (width < 1) return ''
  let kept = ''
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    const next = WIDE.test(segment) ? 2 : 1
    if (used + next > width - 1) break
    kept += segment
    used += next
  }
  return `${kept}…`
}

/** Cut or filled with blanks to a width. */
export function fill(text: string, width: number): string {
  const short = cut(text, width)
  return short + ' '.repeat(Math.max(0, width - widthOf(short)))
}

/** `8.4 s`, `3 min 20 s`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.round(seconds)} s`
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** The text in lines of at most `width` columns, broken between words where that can be; undefined: one line. */
export function wrap(text: string, width: number | undefined): string[] {
  if (width === undefined || widthOf(text) <= width) return [text]
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').flatMap((each) => pieces(each, width))) {
    const longer = line === '' ? word : `${line} ${word}`
    if (widthOf(longer) <= width) line = longer
    else {
      if (line !== '') lines.push(line)
      line = word
    }
  }
  return line === '' ? lines : [...lines, line]
}

/** A word that is wider than a line, in pieces. */
function pieces(word: string, width: number): string[] {
  if (widthOf(word) <= width) return [word]
  const found = ['']
  for (const { segment } of graphemes.segment(word)) {
    const last = found.length - 1
    if (widthOf(`${found[last]}${segment}`) <= width || found[last] === '') found[last] += segment
    else found.push(segment)
  }
  return found
}
