export type QueryParameter = 'filter' | 'fields' | 'exclude_fields' | 'all_fields' | 'exclude_default'

/** A filter or a selector that cannot be understood. The message names what was expected there, and never repeats a value. */
export class QueryError extends Error {
  readonly parameter: QueryParameter
  /** Which of several parameters of that name, from 0. */
  readonly index: number
  /** The character at which it goes wrong, from 1; undefined when it is about parameters that do not go together. */
  readonly position: number | undefined
  readonly expected: string

  constructor(parameter: QueryParameter, expected: string, place?: { text: string; at: number; index?: number }) {
    const position = place && characters(place.text, place.at)
    super(position === undefined ? expected : `at character ${position}: ${expected}`)
    this.name = 'QueryError'
    this.parameter = parameter
    this.index = place?.index ?? 0
    this.position = position
    this.expected = expected
  }
}

/** What people count: an emoji is one. */
function characters(text: string, at: number): number {
  return [...text.slice(0, at)].length + 1
}

/** A name from a query as it can stand in a sentence. */
export function quoted(name: string): string {
  return name.length > 64 ? `'${name.slice(0, 64)}…'` : `'${name}'`
}
