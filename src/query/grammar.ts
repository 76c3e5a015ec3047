import { type Fail, type PathStep, readPath } from './attribute-path.ts'
import { QueryError } from './query-error.ts'

const ONE = ['eq', 'neq', 'gt', 'gte', 'lt', 'lte'] as const
const MULTI = ['in', 'nin', 'cont', 'ncont'] as const
const OPERATORS = [...ONE, ...MULTI]

export type Operator = (typeof OPERATORS)[number]

/** `(operator,path,value…)` with the offset of each part. */
export interface SimpleExpression {
  operator: Operator
  at: number
  path: PathStep[]
  values: { text: string; at: number }[]
}

/** What all filters of a query may hold together: more is refused before it costs anything. */
const MAX_LENGTH = 16_384
const MAX_VALUES = 1_000

/**
 * Reads filter parameters by the grammar of SOL 013 5.2.2; what they mean is for others. One list for each parameter, without those that hold
 * nothing but blanks. Throws QueryError.
 */
export function readFilters(
  texts: readonly string[],
): { text: string; index: number; expressions: SimpleExpression[] }[] {
  let length = 0
  let values = 0
  return texts.flatMap((text, index) => {
    const bound = (holds: boolean, expected: string, at: number) => {
      if (!holds) throw new QueryError('filter', expected, { text, at, index })
    }
    bound(length + text.length <= MAX_LENGTH, `expected at most ${MAX_LENGTH} characters`, MAX_LENGTH - length)
    length += text.length
    if (text.trim() === '') return []
    const expressions = readFilter(text, index, ({ values: { length: more }, at }) => {
      values += more
      bound(values <= MAX_VALUES, `expected at most ${MAX_VALUES} values`, at)
    })
    return [{ text, index, expressions }]
  })
}

function readFilter(text: string, index: number, onRead: (read: SimpleExpression) => void): SimpleExpression[] {
  const fail: Fail = (expected, at) => {
    throw new QueryError('filter', expected, { text, at, index })
  }
  const expressions: SimpleExpression[] = []
  for (let at = skipBlanks(text, 0); ; at = skipBlanks(text, at + 1)) {
    const { expression, end } = readExpression(text, at, fail)
    onRead(expression)
    expressions.push(expression)
    at = skipBlanks(text, end)
    if (at === text.length) return expressions
    if (text[at] !== ';') fail('expected ; or the end', at)
  }
}

function skipBlanks(text: string, at: number): number {
  while (/\s/.test(text.charAt(at))) at += 1
  return at
}

function readExpression(text: string, at: number, fail: Fail): { expression: SimpleExpression; end: number } {
  if (text[at] !== '(') fail('expected (', at)
  const operator = readOperator(text, at + 1, fail)
  const { path, end } = readPath(text, at + 2 + operator.length, fail)
  if (text[end] !== ',') fail('expected a comma and a value', end)
  const values: SimpleExpression['values'] = []
  for (let next = end; ; ) {
    const value = readValue(text, next + 1, fail)
    values.push({ text: value.text, at: next + 1 })
    next = value.end
    if (text[next] === ')') return { expression: { operator, at: at + 1, path, values }, end: next + 1 }
    if (isOne(operator))
      fail(`expected ) because ${operator} takes one value; one with a comma stands in single quotes`, next)
  }
}

function readOperator(text: string, at: number, fail: Fail): Operator {
  const word = /^[^,);]*/.exec(text.slice(at, at + 8))?.[0]
  const operator = OPERATORS.find((known) => known === word)
  if (operator === undefined) return fail(`expected one of ${OPERATORS.join(', ')}`, at)
  if (text[at + operator.length] !== ',') fail('expected a comma and an attribute', at + operator.length)
  return operator
}

function isOne(operator: Operator): boolean {
  return ONE.some((one) => one === operator)
}

/** Up to the comma or bracket that ends it. */
function readValue(text: string, start: number, fail: Fail): { text: string; end: number } {
  if (text[start] === "'") return readQuoted(text, start, fail)
  let end = start
  while (end < text.length && !",)'".includes(text.charAt(end))) end += 1
  if (text[end] === "'") fail('expected no quote here: a value with one stands in single quotes, the quote twice', end)
  if (end === text.length) fail('expected ) at the end of the expression', end)
  return { text: text.slice(start, end), end }
}

function readQuoted(text: string, start: number, fail: Fail): { text: string; end: number } {
  let value = ''
  for (let from = start + 1; ; ) {
    const quote = text.indexOf("'", from)
    if (quote < 0) fail("expected ' at the end of the value", text.length)
    value += text.slice(from, quote)
    from = quote + 1
    if (text[from] !== "'") {
      if (text[from] !== ',' && text[from] !== ')') fail('expected a comma or ) after the value', from)
      return { text: value, end: from }
    }
    value += "'"
    from += 1
  }
}
