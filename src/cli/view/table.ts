import { clean, cut, fill, widthOf } from './text.ts'

export interface Column {
  title: string
  /** The narrowest that it may become; without it the column keeps its width. */
  min?: number
}

export interface Cell {
  text: string
  /** Dresses the text after it was cut, e.g. with a colour. */
  style?: (text: string) => string
}

const GAP = '  '

/**
 * Lines of a table, title first, none wider than `width` columns (undefined: as wide as it needs): the widest columns that may shrink do.
 */
export function renderTable(
  columns: Column[],
  rows: Cell[][],
  { width, title }: { width: number | undefined; title?: (text: string) => string },
): string[] {
  const cells = rows.map((row) => row.map((cell) => ({ ...cell, text: clean(cell.text) })))
  const natural = columns.map((column, index) =>
    Math.max(widthOf(column.title), ...cells.map((row) => widthOf(row[index]?.text ?? ''))),
  )
  const widths = width === undefined ? natural : shrink(columns, natural, width)
  const line = (row: Cell[]) => {
    const used = row.map((cell, index) => {
      const last = index === columns.length - 1
      const text = last ? cut(cell.text, widths[index] ?? 0) : fill(cell.text, widths[index] ?? 0)
      return cell.style ? cell.style(text) : text
    })
    return used.join(GAP).trimEnd()
  }
  const head = columns.map((column) => ({ text: column.title, ...(title && { style: title }) }))
  return [head, ...cells].map(line)
}

function shrink(columns: Column[], natural: number[], width: number): number[] {
  const widths = [...natural]
  const total = () => widths.reduce((sum, each) => sum + each, 0) + GAP.length * (widths.length - 1)
  while (total() > width) {
    const widest = columns
      .map((column, index) => ({ index, spare: (widths[index] ?? 0) - (column.min ?? Number.POSITIVE_INFINITY) }))
      .filter(({ spare }) => spare > 0)
      .sort((a, b) => (widths[b.index] ?? 0) - (widths[a.index] ?? 0))[0]
    if (!widest) break
    widths[widest.index] = (widths[widest.index] ?? 0) - 1
  }
  return widths
}
