import { z } from 'zod'

export type JsonSchema = Record<string, unknown>

/**
 * JSON Schema of an answer for Fastify's serialiser: everything in line, no names. Undefined for a choice between bodies: the serialiser would
 * have to validate before it knows which one it has.
 */
export function serialiserSchema(schema: z.ZodType): JsonSchema | undefined {
  if (schema instanceof z.ZodUnion) return undefined
  return tidy(z.toJSONSchema(schema, { target: 'draft-07', metadata: z.registry<object>(), unrepresentable: 'any' }))
}

/** Collects named schemas (`.meta({ id })`) as OpenAPI components while schemas are turned into JSON Schema 2020-12. */
export function createComponents(): { schemas: Record<string, JsonSchema>; reference(schema: z.ZodType): JsonSchema } {
  const schemas: Record<string, JsonSchema> = {}
  function add(id: string, schema: JsonSchema): void {
    const known = schemas[id]
    if (known && JSON.stringify(known) !== JSON.stringify(schema))
      throw new Error(`two different schemas are called ${id}`)
    schemas[id] = schema
  }
  return {
    schemas,
    reference(schema) {
      const { $defs, ...root } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
      for (const [id, definition] of Object.entries($defs ?? {})) add(id, tidy(definition))
      return tidy(root)
    },
  }
}

/** Drops what says nothing (`$schema`, `id`, string keys), writes nullable types as a list of types, points `$ref` to the components. */
function tidy(node: object): JsonSchema {
  const entries = Object.entries(node).filter(([key, value]) => !isNoise(key, value))
  const schema = Object.fromEntries(entries.map(([key, value]) => [key, tidyValue(key, value)]))
  return foldNull(schema)
}

function isNoise(key: string, value: unknown): boolean {
  if (key === '$schema' || key === 'id') return typeof value === 'string'
  return key === 'propertyNames' && JSON.stringify(value) === '{"type":"string"}'
}

function tidyValue(key: string, value: unknown): unknown {
  if (key === 'example' || key === 'examples' || key === 'default' || key === 'enum') return value
  if (key === '$ref' && typeof value === 'string') return value.replace('#/$defs/', '#/components/schemas/')
  if (Array.isArray(value)) return value.map((entry) => (isObject(entry) ? tidy(entry) : entry))
  if (key === 'properties' && isObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([name, schema]) => [name, isObject(schema) ? tidy(schema) : schema]),
    )
  return isObject(value) ? tidy(value) : value
}

function foldNull(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return schema
  const [first, second] = anyOf
  if (!isObject(first) || !isObject(second) || second.type !== 'null' || typeof first.type !== 'string') return schema
  return { ...first, ...rest, type: [first.type, 'null'] }
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
