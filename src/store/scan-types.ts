/** A record as it is stored, not parsed: `text` is its value as JSON; `n` as in `Versioned`. */
export interface TextRow {
  id: string
  position: number
  n: number
  text: string
}

/** One bounded look at a collection. */
export interface Scan {
  /** Position, exclusive; from the start when absent. */
  after?: number
  /** Rows wanted, at most 1000. */
  limit: number
  /** Records looked at in this one call, at most; where `containing` or several values of `where` make Redis look into them, never more than 250. */
  examine: number
  /** Equality on an index that `Alongside.indexes` declared: records with any of the values. */
  where?: { attribute: string; values: string[] }
  /** Of every group at least one literal stands in the text, byte by byte: literals are written as JSON writes them. */
  containing?: string[][]
}

/** What one look found: fewer rows than wanted do not mean the end. */
export interface ScanPage {
  rows: TextRow[]
  /** Position to go on after; absent when the end was reached. */
  next?: number
}

/** Values of `Scan.where`, at most. */
export const MOST_VALUES = 100
