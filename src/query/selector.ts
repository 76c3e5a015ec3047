import { readPath } from './attribute-path.ts'
import { QueryError, quoted } from './query-error.ts'
import type { Attribute, QueryType } from './query-type.ts'

/** The selectors of a query as they came; a flag is given or not. */
export interface SelectorQuery {
  fields?: string | undefined
  exclude_fields?: string | undefined
  all_fields?: boolean | undefined
  exclude_default?: boolean | undefined
}

/** Listed attributes as the tree that they are; one without any below it is meant whole. */
export type Listed = ReadonlyMap<string, Listed>

/** Which attributes of a record are answered (SOL 013 5.3.2). */
export type Selector =
  | { kind: 'everything' }
  | { kind: 'listed'; listed: Listed; type: QueryType }
  | { kind: 'without'; excluded: Listed }
  | { kind: 'default'; excluded: ReadonlySet<string>; listed: Listed; type: QueryType }

const MAX_LENGTH = 16_384
const MAX_PATHS = 1_000

/**
 * Reads the four selectors by their table of precedence (SOL 013 5.3.2.2). `excludedByDefault` are top-level attributes that a list leaves out unless it is asked for them;
 * they count as optional. Throws QueryError.
 */
export function parseSelector(
  query: SelectorQuery,
  root: QueryType,
  excludedByDefault: readonly string[] = [],
): Selector {
  refuseContradictions(query)
  const { fields, exclude_fields: excluded, all_fields: everything } = query
  const type = leaving(excludedByDefault, root)
  if (everything) return { kind: 'everything' }
  if (excluded !== undefined) return { kind: 'without', excluded: listOf('exclude_fields', excluded, type) }
  const listed: Listed = fields === undefined ? new Map() : listOf('fields', fields, type)
  if (fields !== undefined && !query.exclude_default) return { kind: 'listed', listed, type }
  if (excludedByDefault.length === 0) return { kind: 'everything' }
  return { kind: 'default', excluded: new Set(excludedByDefault), listed, type }
}

/** The type, in which those attributes are optional: O2IMS excludes some by default that have a lower bound of 1. */
function leaving(excludedByDefault: readonly string[], type: QueryType): QueryType {
  const attribute = (name: string) => {
    const found = type.attribute(name)
    return found && excludedByDefault.includes(name) ? { ...found, optional: true } : found
  }
  return excludedByDefault.length === 0 ? type : { ...type, attribute }
}

/** All combinations but exclude_default with fields. */
function refuseContradictions(query: SelectorQuery): void {
  const given = (['all_fields', 'fields', 'exclude_fields', 'exclude_default'] as const).filter(
    (name) => query[name] !== undefined && query[name] !== false,
  )
  const [first, second] = given
  if (first === undefined || second === undefined || given.join() === 'fields,exclude_default') return
  throw new QueryError(second, `expected no ${second} together with ${first}`)
}

function listOf(parameter: 'fields' | 'exclude_fields', text: string, root: QueryType): Listed {
  const fail = (expected: string, at: number): never => {
    throw new QueryError(parameter, expected, { text, at })
  }
  if (text.length > MAX_LENGTH) fail(`expected at most ${MAX_LENGTH} characters`, MAX_LENGTH)
  const tree: Tree = new Map()
  for (let start = 0, paths = 1; ; paths += 1) {
    if (paths > MAX_PATHS) fail(`expected at most ${MAX_PATHS} attributes`, start)
    const { path, end } = readPath(text, start, fail)
    let found: Attribute | undefined
    for (const { name, isKey, at } of path) {
      const attribute = isKey ? undefined : (found?.type ?? root).attribute(name)
      if (attribute === undefined) return fail(`expected an attribute: there is no ${quoted(name)} here`, at)
      found = attribute
    }
    const names = path.map(({ name }) => name)
    if (parameter === 'exclude_fields' && found && !isRemovable(found))
      fail(`expected an optional structure, array or entry of a map: ${quoted(names.join('/'))} is always sent`, start)
    add(tree, names)
    if (end === text.length) return tree
    if (text[end] !== ',') fail('expected a comma or the end', end)
    start = end + 1
  }
}

type Tree = Map<string, Tree>

/** What stands above another one covers it, whichever comes first. */
function add(tree: Tree, path: readonly string[]): void {
  let node = tree
  for (const name of path) {
    const known = node.get(name)
    if (known?.size === 0) return
    const next = known ?? new Map()
    node.set(name, next)
    node = next
  }
  node.clear()
}

/** Optional and complex: structured, or an array; or an entry of a map. Other attributes are always sent. */
export function isRemovable({ type, optional, entry }: Attribute): boolean {
  return entry || (optional && (type.structured || type.array))
}
