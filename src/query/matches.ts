import type { Branch, FilterPart } from './filter.ts'

/** Does a record match? The record as JSON.parse gives it. */
export function matches(filter: readonly Pick<FilterPart, 'tree'>[], record: unknown): boolean {
  return filter.every(({ tree }) => holds(tree, record))
}

/** One element of an array has to fulfil all that is asked below it. An empty array is as good as none. */
function holds(branch: Branch, value: unknown): boolean {
  if (Array.isArray(value) && value.length > 0) return value.some((element) => holds(branch, element))
  if (!branch.tests.every((test) => test(value))) return false
  const object = isObject(value) ? value : {}
  for (const [name, child] of branch.children)
    if (!holds(child, Object.hasOwn(object, name) ? object[name] : undefined)) return false
  return branch.keyTests.length === 0 || someKey(Object.keys(object), branch)
}

function someKey(keys: readonly string[], { keyTests }: Branch): boolean {
  const candidates = keys.length > 0 ? keys : [undefined]
  return candidates.some((key) => keyTests.every((test) => test(key)))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
