import type { JsonObject, JsonValue } from '../json.ts'
import type { QueryType } from './query-type.ts'
import { isRemovable, type Listed, type Selector } from './selector.ts'

/** The record with what the selector leaves of it. The record itself stays as it is. */
export function project(selector: Selector, record: JsonObject): JsonObject {
  switch (selector.kind) {
    case 'everything':
      return record
    case 'listed':
      return keepListed(selector.listed, selector.type, record)
    case 'without':
      return drop(selector.excluded, record)
    case 'default':
      return dropDefault(selector, record)
  }
}

const NOTHING: Listed = new Map()

function keepListed(listed: Listed, type: QueryType, record: JsonObject): JsonObject {
  return kept(record, (name, value) => {
    const attribute = type.attribute(name)
    const below = listed.get(name)
    if (attribute === undefined || below?.size === 0) return value
    // A map of which nothing is listed, and which is not left out, is sent whole
    if (below === undefined && attribute.entry && listed.size === 0) return value
    if (below === undefined && isRemovable(attribute)) return undefined
    return inside(value, (object) => keepListed(below ?? NOTHING, attribute.type, object))
  })
}

function drop(excluded: Listed, record: JsonObject): JsonObject {
  return kept(record, (name, value) => {
    const below = excluded.get(name)
    if (below === undefined) return value
    return below.size === 0 ? undefined : inside(value, (object) => drop(below, object))
  })
}

function dropDefault(
  { excluded, listed, type }: Extract<Selector, { kind: 'default' }>,
  record: JsonObject,
): JsonObject {
  return kept(record, (name, value) => {
    const below = listed.get(name)
    const attribute = type.attribute(name)
    if (!excluded.has(name) || below?.size === 0 || attribute === undefined) return value
    return below && inside(value, (object) => keepListed(below, attribute.type, object))
  })
}

/** Without the attributes for which nothing is left. */
function kept(record: JsonObject, choose: (name: string, value: JsonValue) => JsonValue | undefined): JsonObject {
  const entries = Object.entries(record).flatMap(([name, value]) => {
    const left = choose(name, value)
    return left === undefined ? [] : [[name, left] as const]
  })
  return Object.fromEntries(entries)
}

/** What holds of an array holds of each of its elements. */
function inside(value: JsonValue, change: (object: JsonObject) => JsonObject): JsonValue {
  if (Array.isArray(value)) return value.map((element) => inside(element, change))
  return typeof value === 'object' && value !== null ? change(value) : value
}
