import { foldUuid, looksLikeUuid } from '../uuid.ts'
import type { Operator } from './grammar.ts'
import { instantOf } from './instant.ts'
import type { QueryType, Scalar } from './query-type.ts'

/** What an expression asks of one simple value. What is absent, null, structured or of another type fulfils the negative operators alone. */
export type Test = (value: unknown) => boolean

/** SOL 013 table 5.2.2-2. */
const OPERATORS_OF: Record<Scalar, readonly Operator[]> = {
  string: ['eq', 'neq', 'in', 'nin', 'gt', 'gte', 'lt', 'lte', 'cont', 'ncont'],
  uuid: ['eq', 'neq', 'in', 'nin', 'gt', 'gte', 'lt', 'lte', 'cont', 'ncont'],
  number: ['eq', 'neq', 'in', 'nin', 'gt', 'gte', 'lt', 'lte'],
  'date-time': ['gt', 'gte', 'lt', 'lte'],
  enum: ['eq', 'neq', 'in', 'nin'],
  boolean: ['eq', 'neq'],
}

export function operatorsFor({ scalars }: QueryType): Operator[] {
  return [...new Set([...scalars].flatMap((scalar) => OPERATORS_OF[scalar]))]
}

/** What is expected where a value does not fit any scalar of the type that the operator is for; undefined when it fits. */
export function misfit({ scalars, enumerated }: QueryType, operator: Operator, value: string): string | undefined {
  const asked = [...scalars].filter((scalar) => OPERATORS_OF[scalar].includes(operator))
  const fits: Record<Scalar, boolean> = {
    string: true,
    uuid: true,
    number: numberOf(value) !== undefined,
    'date-time': instantOf(value) !== undefined,
    enum: enumerated.includes(value),
    boolean: booleanOf(value) !== undefined,
  }
  if (asked.length === 0 || asked.some((scalar) => fits[scalar])) return undefined
  const words: Record<Scalar, string> = {
    string: 'a string',
    uuid: 'a UUID',
    number: 'a number',
    'date-time': 'a date-time such as 2026-01-31T12:00:00Z (a + in a query is sent as %2B)',
    enum: enumerated.join(', '),
    boolean: 'true or false',
  }
  return `expected ${asked.map((scalar) => words[scalar]).join(' or ')}`
}

/** Made once for a filter, used for every record. */
export function testOf(operator: Operator, values: readonly string[], type: QueryType): Test {
  const [first = ''] = values
  switch (operator) {
    case 'eq':
    case 'in':
      return equality(values, type)
    case 'neq':
    case 'nin':
      return not(equality(values, type))
    case 'cont':
      return substring(values, type)
    case 'ncont':
      return not(substring(values, type))
    case 'gt':
      return ordering(first, type, (order) => order > 0)
    case 'gte':
      return ordering(first, type, (order) => order >= 0)
    case 'lt':
      return ordering(first, type, (order) => order < 0)
    case 'lte':
      return ordering(first, type, (order) => order <= 0)
  }
}

const not =
  (test: Test): Test =>
  (value) =>
    !test(value)

/** The stored value's own type decides how the words of the query are read: a map may hold 42 and "42". */
function equality(values: readonly string[], type: QueryType): Test {
  const fold = isUuid(type) ? lower : foldUuid
  const wanted = new Set<unknown>(values.flatMap((value) => [fold(value), numberOf(value), booleanOf(value)]))
  wanted.delete(undefined)
  return (value) => wanted.has(typeof value === 'string' ? fold(value) : value)
}

function substring(values: readonly string[], type: QueryType): Test {
  const folded = values.map(lower)
  return (value) => {
    if (typeof value !== 'string') return false
    if (!isUuid(type) && !looksLikeUuid(value)) return values.some((part) => value.includes(part))
    return folded.some((part) => lower(value).includes(part))
  }
}

function ordering(wanted: string, type: QueryType, holds: (order: number) => boolean): Test {
  const number = numberOf(wanted)
  const instant = type.open || type.scalars.has('date-time') ? instantOf(wanted) : undefined
  const fold = isUuid(type) ? lower : foldUuid
  const text = fold(wanted)
  return (value) => {
    if (typeof value === 'number') return number !== undefined && holds(orderOf(value, number))
    if (typeof value !== 'string') return false
    const moment = instant === undefined ? undefined : instantOf(value)
    if (instant !== undefined && moment !== undefined) return holds(orderOf(moment, instant))
    return (type.open || !type.scalars.has('date-time')) && holds(orderOf(fold(value), text))
  }
}

function orderOf<T extends number | bigint | string>(left: T, right: T): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}

export function isUuid({ scalars }: QueryType): boolean {
  return scalars.has('uuid') && scalars.size === 1
}

const lower = (text: string): string => text.toLowerCase()

export function numberOf(text: string): number | undefined {
  const number = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(number) ? number : undefined
}

export function booleanOf(text: string): boolean | undefined {
  return text === 'true' || (text === 'false' ? false : undefined)
}
