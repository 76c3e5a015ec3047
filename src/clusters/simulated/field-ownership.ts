import { isDeepStrictEqual } from 'node:util'
import type { JsonObject, JsonValue } from '../../json.ts'
import { isObject } from '../fields.ts'
import { type ListIdentity, listIdentity, segmentsOf } from './list-keys.ts'

/** The fields that somebody owns, in the shape of FieldsV1: `f:name` a field, `k:{…}` and `v:…` an item of a list, `.` the item itself. */
export interface FieldTree {
  [segment: string]: FieldTree
}

/** Who owns what, by field manager. */
export type Managers = Record<string, FieldTree>

export interface Applied {
  object: JsonObject
  managers: Managers
}

export interface FieldConflict {
  manager: string
  path: string
}

/**
 * Server-side apply (KEP-555) on plain JSON: what the manager applies is merged into the live object; what it applied before and no longer applies goes,
 * unless somebody else owns it too; a different value for a field that somebody else owns is a conflict unless forced.
 */
export function applyFields(
  live: JsonObject,
  managers: Managers,
  applied: JsonObject,
  by: { manager: string; force: boolean; builtIn: boolean },
): { conflicts: FieldConflict[]; result: Applied } {
  const context: Context = { builtIn: by.builtIn }
  const wanted = treeOf(applied, [], context)
  const others = Object.entries(managers).filter(([name]) => name !== by.manager)
  const conflicts: FieldConflict[] = []
  const kept: Managers = {}
  for (const [name, owned] of others) {
    const lost = differing(live, applied, owned, wanted, [], context)
    for (const path of lost) conflicts.push({ manager: name, path: path.map(shown).join('') })
    const remaining = lost.length === 0 ? owned : lost.reduce<FieldTree>(without, owned)
    if (Object.keys(remaining).length > 0) kept[name] = remaining
  }
  if (conflicts.length > 0 && !by.force) return { conflicts, result: { object: live, managers } }
  const pruned = prune(live, managers[by.manager] ?? {}, wanted, Object.values(kept), [], context)
  const object = merge(isObject(pruned) ? pruned : {}, applied, [], context)
  return { conflicts: [], result: { object: object as JsonObject, managers: { ...kept, [by.manager]: wanted } } }
}

interface Context {
  builtIn: boolean
}

type Json = JsonValue | undefined

function identityAt(path: readonly string[], context: Context): ListIdentity {
  const fields = path.filter((segment) => segment.startsWith('f:')).map((segment) => segment.slice(2))
  return listIdentity(fields, context.builtIn)
}

/** The children of a value by segment; undefined when it is one value for ownership (scalar, empty, atomic list). */
function children(value: Json, path: readonly string[], context: Context): Map<string, JsonValue> | undefined {
  if (Array.isArray(value)) {
    const segments = segmentsOf(value, identityAt(path, context))
    if (segments === undefined) return undefined
    return new Map(value.map((item, index) => [segments[index] ?? '', item]))
  }
  if (typeof value !== 'object' || value === null) return undefined
  return new Map(Object.entries(value).map(([key, child]) => [`f:${key}`, child]))
}

function treeOf(value: Json, path: readonly string[], context: Context): FieldTree {
  const tree: FieldTree = {}
  for (const [segment, child] of children(value, path, context) ?? []) {
    const below = treeOf(child, [...path, segment], context)
    tree[segment] = segment.startsWith('k:') ? { '.': {}, ...below } : below
  }
  return tree
}

const isLeaf = (tree: FieldTree): boolean => Object.keys(tree).length === 0

/** Paths that both own where the applied value is another than the live one. */
function differing(
  live: Json,
  applied: Json,
  owned: FieldTree,
  wanted: FieldTree,
  path: string[],
  context: Context,
): string[][] {
  const found: string[][] = []
  const liveChildren = children(live, path, context)
  const appliedChildren = children(applied, path, context)
  for (const [segment, ownedBelow] of Object.entries(owned)) {
    const wantedBelow = wanted[segment]
    if (segment === '.' || wantedBelow === undefined) continue
    const here = [...path, segment]
    const before = liveChildren?.get(segment)
    const after = appliedChildren?.get(segment)
    if (isLeaf(ownedBelow) || isLeaf(wantedBelow)) {
      // An empty container claims nothing of what is in it.
      const containers = children(before, here, context) !== undefined && children(after, here, context) !== undefined
      if (!containers && !isDeepStrictEqual(before, after)) found.push(here)
    } else found.push(...differing(before, after, ownedBelow, wantedBelow, here, context))
  }
  return found
}

function without(tree: FieldTree, path: readonly string[]): FieldTree {
  const [head, ...rest] = path
  if (head === undefined || tree[head] === undefined) return tree
  const { [head]: below, ...others } = tree
  if (rest.length === 0) return others
  const remaining = without(below ?? {}, rest)
  return Object.keys(remaining).length === 0 ? others : { ...others, [head]: remaining }
}

/** Takes out what was owned, is no longer wanted and is owned by nobody else. Undefined: nothing is left of it. */
function prune(
  value: Json,
  owned: FieldTree,
  wanted: FieldTree | undefined,
  others: FieldTree[],
  path: string[],
  context: Context,
): Json {
  const parts = children(value, path, context)
  if (parts === undefined) return value
  for (const [segment, ownedBelow] of Object.entries(owned)) {
    if (segment === '.' || !parts.has(segment)) continue
    const wantedBelow = wanted?.[segment]
    const othersBelow = others.flatMap((tree) => tree[segment] ?? [])
    const goes =
      wantedBelow === undefined && othersBelow.length === 0 && (isLeaf(ownedBelow) || segment.startsWith('k:'))
    const rest = goes
      ? undefined
      : prune(parts.get(segment), ownedBelow, wantedBelow, othersBelow, [...path, segment], context)
    if (rest === undefined) parts.delete(segment)
    else parts.set(segment, rest)
  }
  if (parts.size === 0 && wanted === undefined) return undefined
  if (Array.isArray(value)) return [...parts.values()]
  return Object.fromEntries([...parts].map(([segment, child]) => [segment.slice(2), child]))
}

function merge(live: Json, applied: JsonValue, path: string[], context: Context): JsonValue {
  const appliedParts = children(applied, path, context)
  const liveParts = children(live, path, context)
  if (appliedParts === undefined || liveParts === undefined || Array.isArray(live) !== Array.isArray(applied))
    return applied
  const merged = new Map(liveParts)
  for (const [segment, child] of appliedParts)
    merged.set(segment, merge(merged.get(segment), child, [...path, segment], context))
  if (!Array.isArray(applied))
    return Object.fromEntries([...merged].map(([segment, child]) => [segment.slice(2), child]))
  return inAppliedOrder(merged, [...appliedParts.keys()])
}

/** Keeps the order that stands, unless the applied items stand in another order. */
function inAppliedOrder(merged: Map<string, JsonValue>, applied: string[]): JsonValue[] {
  const standing = [...merged.keys()].filter((segment) => applied.includes(segment))
  const order = isDeepStrictEqual(standing, applied)
    ? [...merged.keys()]
    : [...applied, ...[...merged.keys()].filter((segment) => !applied.includes(segment))]
  return order.flatMap((segment) => merged.get(segment) ?? [])
}

/** The path as Kubernetes prints it: `.spec.containers[name="du"].image`. */
function shown(segment: string): string {
  if (segment.startsWith('f:')) return `.${segment.slice(2)}`
  if (segment.startsWith('v:')) return `[=${segment.slice(2)}]`
  const named: unknown = JSON.parse(segment.slice(2))
  const pairs = isObject(named) ? Object.entries(named).map(([key, value]) => `${key}=${JSON.stringify(value)}`) : []
  return `[${pairs.join(',')}]`
}
