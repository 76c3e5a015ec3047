/** A line of the table: what it is, of which type, how it stands, and why. */
export interface StatusRow {
  resource: string
  type: string
  status: string
  message: string
}

const WIDTHS = [30, 15, 20, 40]
const HEAD: StatusRow = { resource: 'RESOURCE', type: 'TYPE', status: 'STATUS', message: 'MESSAGE' }
/** Stands where there is nothing to say: no cell is empty. */
const NOTHING = '-'

/** The rows as plain text, one line each, in columns that hold whatever stands in them. */
export function statusTableText(rows: readonly StatusRow[]): string {
  return [HEAD, ...rows].map(lineOf).join('')
}

function lineOf({ resource, type, status, message }: StatusRow): string {
  const cells = [resource, type, status, message].map((text, index) => cellOf(text, WIDTHS[index] ?? 0))
  return `${cells.join(' ').trimEnd()}\n`
}

/** Exactly so many columns of a terminal: cut with an ellipsis, or filled with blanks. */
export function cellOf(text: string, width: number): string {
  const clean =
    text
      .toWellFormed()
      .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
      .trim() || NOTHING
  const letters = [...SEGMENTS.segment(clean)].map(({ segment }) => segment)
  const whole = letters.reduce((sum, letter) => sum + columnsOf(letter), 0)
  const limit = whole <= width ? width : width - 1
  let shown = ''
  let used = 0
  for (const letter of letters) {
    if (used + columnsOf(letter) > limit) break
    shown += letter
    used += columnsOf(letter)
  }
  const cut = whole <= width ? '' : '…'
  return shown + cut + ' '.repeat(width - used - cut.length)
}

const SEGMENTS = new Intl.Segmenter('en', { granularity: 'grapheme' })
/** Letters that terminals give two columns (East Asian wide and fullwidth, and pictures). */
const WIDE =
  /^(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F|[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}])/u

const columnsOf = (letter: string): number => (WIDE.test(letter) ? 2 : /^\p{M}+$/u.test(letter) ? 0 : 1)
