import { clean, cut, fill, widthOf } from './text.ts'

export interface Column {
  title: string
  /** The narrowest that it may become; without it the column keeps its width. */
  min?: number
  /** Where the columns do not fit at their narrowest, this one is given up as the first, second … */
  yields?: number
  /** Given up, its text goes on a line below the row; else it goes altogether. */
  below?: boolean
}

export interface Cell {
  text: string
  /** Dresses the text after it was cut, e.g. with a colour. */
  style?: (text: string) => string
}

const GAP = '  '

/**
 * Lines of a table, title first, none wider than `width` columns (undefined: as wide as it needs). Where it is narrow columns yield, then the
 * widest of those that may shrink do.
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
  const layout = width === undefined ? { widths: natural, below: [] } : arrange(columns, natural, width)
  const line = (row: Cell[]) => dress(row, layout.widths)
  const head = columns.map((column) => ({ text: column.title, ...(title && { style: title }) }))
  const under = (row: Cell[]) => below(row, layout.below, width ?? 0)
  return [line(head), ...cells.flatMap((row) => [line(row), ...under(row)])]
}

/** A width of undefined: the column is not there. */
type Widths = (number | undefined)[]

function dress(row: Cell[], widths: Widths): string {
  const shown = row.flatMap((cell, index) => ({ cell, width: widths[index] }))
  const used = shown.filter(({ width }) => width !== undefined)
  const texts = used.map(({ cell, width = 0 }, index) => {
    const text = index === used.length - 1 ? cut(cell.text, width) : fill(cell.text, width)
    return cell.style ? cell.style(text) : text
  })
  return texts.join(GAP).trimEnd()
}

/** What the columns that went below say of a row, in one line; none when they say nothing. */
function below(row: Cell[], columns: number[], width: number): string[] {
  let room = width - GAP.length
  const texts = columns
    .flatMap((index) => row[index] ?? [])
    .flatMap((cell) => {
      const text = cut(cell.text, room)
      room -= widthOf(text) + GAP.length
      if (text === '') return []
      return cell.style ? cell.style(text) : text
    })
  return texts.length === 0 ? [] : [GAP + texts.join(GAP)]
}

function arrange(columns: Column[], natural: number[], width: number): { widths: Widths; below: number[] } {
  let widths: Widths = [...natural]
  const gone: number[] = []
  // A column that would go below asks for its whole minimum also when it is empty at the moment: the layout stays while the text changes.
  const least = columns.map((column, index) =>
    column.below && column.min !== undefined
      ? column.min
      : Math.min(natural[index] ?? 0, column.min ?? Number.POSITIVE_INFINITY),
  )
  const yielding = columns.map((column, index) => ({ ...column, index })).filter(({ yields }) => yields !== undefined)
  for (const { index, below: goesBelow } of yielding.sort((a, b) => (a.yields ?? 0) - (b.yields ?? 0))) {
    if (total(widths.map((each, at) => each && least[at])) <= width) break
    widths[index] = undefined
    if (goesBelow) gone.push(index)
  }
  widths = shrink(widths, least, width)
  // Narrower than anybody reads: what is left of each column, from the left.
  widths = shrink(widths, least.fill(1), width)
  for (let index = widths.length - 1; index > 0 && total(widths) > width; index -= 1) widths[index] = undefined
  return { widths: widths.map((each) => each && Math.min(each, width)), below: gone.sort((a, b) => a - b) }
}

function total(widths: Widths): number {
  const shown = widths.filter((each) => each !== undefined)
  return shown.reduce((sum, each) => sum + each, 0) + GAP.length * Math.max(0, shown.length - 1)
}

function shrink(natural: Widths, least: number[], width: number): Widths {
  const widths = [...natural]
  for (let over = total(widths) - width; over > 0; over -= 1) {
    const widest = widths
      .map((each, index) => ({ index, each: each ?? 0, spare: (each ?? 0) - (least[index] ?? 0) }))
      .filter(({ spare }) => spare > 0)
      .sort((a, b) => b.each - a.each)[0]
    if (!widest) break
    widths[widest.index] = widest.each - 1
  }
  return widths
}
