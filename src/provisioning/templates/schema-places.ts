import type { JsonObject, JsonValue } from '../../json.ts'
import { onceFor } from '../../once.ts'

/** A schema inside a parameter schema. `path` is where it stands in the document; `property` where its value stands, while only `properties` lead there. */
export interface SchemaPlace {
  schema: JsonObject
  path: string[]
  property: string[] | undefined
}

/** What is known of a parameter before there is a value. */
export interface ParameterFacts {
  /** False: it is always there when the parameters are valid (required, or with a default). */
  optional: boolean
  secret: boolean
  /** JSON types; empty when the schema does not say. */
  types: string[]
}

const SCHEMAS = [
  'additionalProperties',
  'contains',
  'contentSchema',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
]
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems']
const MAPS = ['$defs', 'definitions', 'dependentSchemas', 'patternProperties', 'properties']

/** Every schema in the document, the root first. Text that only looks like a schema (in default, const, enum, examples) is none. */
export function schemaPlaces(root: JsonObject): SchemaPlace[] {
  const places: SchemaPlace[] = [{ schema: root, path: [], property: [] }]
  for (const place of places) places.push(...childrenOf(place))
  return places
}

function childrenOf({ schema, path, property }: SchemaPlace): SchemaPlace[] {
  const child = (value: JsonValue | undefined, steps: string[], name?: string): SchemaPlace[] =>
    isObject(value)
      ? [
          {
            schema: value,
            path: [...path, ...steps],
            property: name === undefined ? undefined : property && [...property, name],
          },
        ]
      : []
  return [
    ...SCHEMAS.flatMap((key) => child(get(schema, key), [key])),
    ...LISTS.flatMap((key) => {
      const list = get(schema, key)
      return Array.isArray(list) ? list.flatMap((item, index) => child(item, [key, String(index)])) : []
    }),
    ...MAPS.flatMap((key) => {
      const map = get(schema, key)
      if (!isObject(map)) return []
      return Object.entries(map).flatMap(([name, item]) =>
        child(item, [key, name], key === 'properties' ? name : undefined),
      )
    }),
  ]
}

/** Where the values of `writeOnly` properties stand. */
export const secretPlaces = placesWhere(({ writeOnly }) => writeOnly === true)

/** Where O-Clouds are named. */
export const oCloudPlaces = placesWhere(({ format }) => format === 'o-cloud')

/** The same schema is asked for each request of its template. */
function placesWhere(is: (schema: JsonObject) => boolean): (root: JsonObject) => readonly string[][] {
  return onceFor((root) =>
    schemaPlaces(root).flatMap(({ schema, property }) => (property && is(schema) ? [property] : [])),
  )
}

/** What the schema says of the parameter at that path; undefined when there can be none. */
export function parameterFacts(root: JsonObject, path: readonly string[]): ParameterFacts | undefined {
  let schema = root
  let optional = false
  let secret = false
  for (const key of path) {
    const properties = get(schema, 'properties')
    const next = isObject(properties) ? get(properties, key) : undefined
    if (next === undefined) return mayHoldMore(schema, key) ? { optional: true, secret, types: [] } : undefined
    if (!isObject(next)) return next === true ? { optional: true, secret, types: [] } : undefined
    const required = get(schema, 'required')
    optional ||= !(Array.isArray(required) && required.includes(key)) && get(next, 'default') === undefined
    secret ||= next.writeOnly === true
    schema = next
  }
  return { optional, secret, types: typesOf(schema) }
}

function mayHoldMore(schema: JsonObject, key: string): boolean {
  const types = typesOf(schema)
  if (types.includes('array') && /^(0|[1-9][0-9]*)$/.test(key)) return true
  return (types.length === 0 || types.includes('object')) && schema.additionalProperties !== false
}

function typesOf({ type }: JsonObject): string[] {
  if (typeof type === 'string') return [type]
  return Array.isArray(type) ? type.filter((item) => typeof item === 'string') : []
}

function get(value: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(value, key) ? value[key] : undefined
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
