import { type Fail, KEY, type PathStep } from './attribute-path.ts'
import { misfit, operatorsFor, type Test, testOf } from './comparison.ts'
import { type Operator, readFilters, type SimpleExpression } from './grammar.ts'
import { QueryError, quoted } from './query-error.ts'
import { keyType, type QueryType } from './query-type.ts'

/** A filter of a list or a subscription, ready to be put to any number of records: all of its parts have to match. Empty: everything does. */
export type Filter = readonly FilterPart[]

/** One filter parameter: expressions with the same prefix are about the same element of an array. */
export interface FilterPart {
  clauses: readonly Clause[]
  tree: Branch
}

export interface Clause {
  operator: Operator
  /** Without `@key`. */
  path: readonly string[]
  /** About the keys of the map at `path`. */
  ofKeys: boolean
  type: QueryType
  /** It cannot stand in an array. */
  alone: boolean
  values: readonly string[]
}

/** The attributes that a filter asks for, as the tree that they are in a record. */
export interface Branch {
  tests: Test[]
  keyTests: Test[]
  children: Map<string, Branch>
}

/**
 * Reads filter parameters (SOL 013 5.2.2) for records of a type. Blank ones are no filter; several are ANDed, each by itself. Throws QueryError.
 * At most 16,384 characters and 1,000 values in all, and 64 names in a path.
 */
export function parseFilter(texts: readonly string[], type: QueryType): Filter {
  return readFilters(texts).map(({ text, index, expressions }) => {
    const fail: Fail = (expected, at) => {
      throw new QueryError('filter', expected, { text, at, index })
    }
    const clauses = expressions.map((expression) => clauseOf(expression, type, fail))
    return { clauses, tree: treeOf(clauses) }
  })
}

function clauseOf({ operator, at, path, values }: SimpleExpression, root: QueryType, fail: Fail): Clause {
  const { type, alone } = leafOf(path, root, fail)
  const ofKeys = path.at(-1)?.isKey === true
  const names = path.filter(({ isKey }) => !isKey).map(({ name }) => name)
  const allowed = operatorsFor(type)
  if (!type.open && !allowed.includes(operator))
    fail(`expected ${allowed.join(', ')}: ${quoted(names.join('/'))} is ${[...type.scalars].join(' or ')}`, at)
  if (!type.open)
    for (const value of values) {
      const expected = misfit(type, operator, value.text)
      if (expected !== undefined) fail(expected, value.at)
    }
  return { operator, path: names, ofKeys, type, alone, values: values.map(({ text }) => text) }
}

/** The type at the end of a path, which has to be simple, or an array of what is simple. */
function leafOf(path: readonly PathStep[], root: QueryType, fail: Fail): { type: QueryType; alone: boolean } {
  let type = root
  let alone = true
  for (const { name, isKey, at } of path) {
    if (isKey && !type.map) fail(`expected an attribute: only a map has ${KEY}`, at)
    const next = isKey ? keyType : type.attribute(name)?.type
    if (next === undefined) return fail(`expected ${oneOf(type)}: there is no attribute ${quoted(name)} here`, at)
    type = next
    alone &&= !type.array && !type.open
  }
  const last = path.at(-1)
  if (last && type.structured && !type.open && type.scalars.size === 0)
    fail(`expected a simple attribute: ${quoted(last.name)} is structured and has ${below(type)}`, last.at)
  return { type, alone }
}

const SHOWN = 20

function oneOf(type: QueryType): string {
  const names = type.attributeNames()
  if (names.length === 0) return 'a comma and a value'
  return names.length > SHOWN
    ? `an attribute such as ${names.slice(0, SHOWN).join(', ')}`
    : `one of ${names.join(', ')}`
}

function below(type: QueryType): string {
  const names = [...type.attributeNames(), ...(type.map ? ['keys of its own', KEY] : [])]
  return names.slice(0, SHOWN).join(', ')
}

function treeOf(clauses: readonly Clause[]): Branch {
  const root = branch()
  for (const { operator, path, ofKeys, type, values } of clauses) {
    let node = root
    for (const name of path) {
      const child = node.children.get(name) ?? branch()
      node.children.set(name, child)
      node = child
    }
    const tests = ofKeys ? node.keyTests : node.tests
    tests.push(testOf(operator, values, type))
  }
  return root
}

function branch(): Branch {
  return { tests: [], keyTests: [], children: new Map() }
}
