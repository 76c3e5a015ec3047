import type { Asked } from './things.ts'

/**
 * Evaluates a filter as slowly and plainly as one can: a record is looked at in every way in which each of its arrays is just one of its elements (and each map
 * shows just one of its keys), and it matches when in one of these views all expressions hold. Each parameter is put to it by itself.
 */
export function referenceMatches(parameters: readonly Asked[][], record: unknown): boolean {
  return parameters.every((expressions) =>
    viewsOf(
      record,
      expressions.map(({ path }) => path),
    ).some((view) => expressions.every((asked) => holds(asked, view))),
  )
}

const NEGATIVE: Record<string, Asked['operator']> = { neq: 'eq', nin: 'in', ncont: 'cont' }

function holds(asked: Asked, view: unknown): boolean {
  const opposite = NEGATIVE[asked.operator]
  if (opposite) return !holds({ ...asked, operator: opposite }, view)
  let value = view
  for (const step of asked.path) {
    const name = step === '@key' ? SEEN_KEY : step === '~bkey' ? '@key' : step
    value = value instanceof Map ? value.get(name) : undefined
  }
  return asked.values.some((word) => compare(asked, value, word))
}

const SEEN_KEY = Symbol('the key that is seen')

/** Only the attributes that are asked for: all views of everything would be too many. */
function viewsOf(value: unknown, paths: readonly string[][]): unknown[] {
  if (Array.isArray(value))
    return value.length === 0 ? [undefined] : value.flatMap((element) => viewsOf(element, paths))
  if (typeof value !== 'object' || value === null) return [value]
  let views: Map<unknown, unknown>[] = [new Map()]
  for (const name of new Set(paths.flatMap(([first]) => first ?? []))) {
    const below = paths.filter(([first]) => first === name).map(([, ...rest]) => rest)
    const entries = Object.entries(value)
    const key = name === '~bkey' ? '@key' : name
    const choices =
      name === '@key'
        ? entries.map(([own]) => [SEEN_KEY, own])
        : entries
            .filter(([own]) => own === key)
            .flatMap(([own, inner]) => viewsOf(inner, below).map((view) => [own, view]))
    if (choices.length === 0) continue
    views = views.flatMap((view) => choices.map(([own, chosen]) => new Map([...view, [own, chosen]])))
  }
  return views
}

function compare({ operator, kind }: Asked, value: unknown, word: string): boolean {
  const sameUuid = isUuid(word) || kind === 'uuid'
  if (operator === 'cont')
    return (
      typeof value === 'string' &&
      (kind === 'uuid' || isUuid(value) ? value.toLowerCase().includes(word.toLowerCase()) : value.includes(word))
    )
  if (operator === 'eq' || operator === 'in') {
    if (typeof value === 'string') return value === word || (sameUuid && value.toLowerCase() === word.toLowerCase())
    if (typeof value === 'number') return isNumber(word) && value === Number(word)
    return typeof value === 'boolean' && String(value) === word
  }
  const order = difference(kind, value, word)
  if (order === undefined) return false
  return (
    (order > 0 && operator.startsWith('g')) ||
    (order < 0 && operator.startsWith('l')) ||
    (order === 0 && operator.endsWith('e'))
  )
}

function difference(kind: Asked['kind'], value: unknown, word: string): number | undefined {
  if (typeof value === 'number') return isNumber(word) ? value - Number(word) : undefined
  if (typeof value !== 'string') return undefined
  if (kind === 'date-time' || kind === 'open') {
    const left = parts(value)
    const right = parts(word)
    if (left && right) return left.seconds - right.seconds || left.fraction - right.fraction
  }
  const fold = (text: string) => (kind === 'uuid' || isUuid(text) ? text.toLowerCase() : text)
  const [left, right] = [fold(value), fold(word)]
  return left === right ? 0 : left < right ? -1 : 1
}

function parts(text: string): { seconds: number; fraction: number } | undefined {
  const match = /^(.*T\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(text)
  return match ? { seconds: Date.parse(`${match[1]}${match[3]}`), fraction: Number(match[2] ?? 0) } : undefined
}

function isNumber(word: string): boolean {
  return word !== '' && Number.isFinite(Number(word))
}

function isUuid(word: string): boolean {
  return /^[0-9a-f-]{36}$/i.test(word)
}
