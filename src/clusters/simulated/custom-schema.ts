import type { JsonObject, JsonValue } from '../../json.ts'
import { at, isObject, listAt, numberAt, stringAt } from '../fields.ts'
import { isJsonObject } from './admission.ts'

const ALWAYS = ['apiVersion', 'kind', 'metadata']

/** The OpenAPI v3 schema of one version in a CustomResourceDefinition; undefined when it has none. */
export function schemaOf(definition: JsonObject, apiVersion: string): unknown {
  const wanted = apiVersion.slice(apiVersion.indexOf('/') + 1)
  const version = listAt(definition, 'spec', 'versions').find((one) => stringAt(one, 'name') === wanted)
  return at(version, 'schema', 'openAPIV3Schema')
}

/** What a custom resource has that its schema does not declare, as Kubernetes prints it (`.spec.colour`); undefined when there is nothing. */
export function undeclaredCustomField(value: unknown, schema: unknown, path = ''): string | undefined {
  if (!isObject(schema) || schema['x-kubernetes-preserve-unknown-fields'] === true) return undefined
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const found = undeclaredCustomField(item, schema.items, `${path}[${index}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (!isObject(value)) return undefined
  for (const [key, child] of Object.entries(value)) {
    if (path === '' && ALWAYS.includes(key)) continue
    const below = ownAt(schema.properties, key) ?? schema.additionalProperties
    if (below === undefined || below === false) return `${path}.${key}`
    const found = undeclaredCustomField(child, below, `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

/** What the schema says against the value, in the words of the API server; undefined when it is valid. */
export function invalidCustomField(value: unknown, schema: unknown, path: string[] = []): string | undefined {
  if (!isObject(schema) || (value === null && schema.nullable === true)) return undefined
  const where = path.join('.')
  const wrongType = typeTrouble(value, schema)
  if (wrongType !== undefined) return `${where}: Invalid value: ${wrongType}`
  const allowed = listAt(schema, 'enum')
  if (allowed.length > 0 && !allowed.includes(value))
    return `${where}: Unsupported value: supported values: ${allowed.map((one) => JSON.stringify(one)).join(', ')}`
  const [least, most] = [numberAt(schema, 'minimum'), numberAt(schema, 'maximum')]
  if (typeof value === 'number' && least !== undefined && value < least)
    return `${where}: Invalid value: must be greater than or equal to ${least}`
  if (typeof value === 'number' && most !== undefined && value > most)
    return `${where}: Invalid value: must be less than or equal to ${most}`
  return (
    firstOf(partsOf(value, schema), ([key, child, below]) => invalidCustomField(child, below, [...path, key])) ??
    missing(value, schema, path)
  )
}

/** Fills in the defaults of the schema, in place, where the object around them is there. */
export function fillCustomDefaults(value: JsonValue | undefined, schema: unknown): void {
  if (Array.isArray(value)) for (const item of value) fillCustomDefaults(item, at(schema, 'items'))
  if (!isJsonObject(value)) return
  const properties = at(schema, 'properties')
  for (const [key, below] of Object.entries(isObject(properties) ? properties : {})) {
    if (value[key] === undefined && isObject(below) && below.default !== undefined) {
      value[key] = JSON.parse(JSON.stringify(below.default))
    }
    fillCustomDefaults(value[key], below)
  }
}

function typeTrouble(value: unknown, schema: Record<string, unknown>): string | undefined {
  if (schema['x-kubernetes-int-or-string'] === true) {
    return Number.isInteger(value) || typeof value === 'string' ? undefined : 'must be an integer or a string'
  }
  const type = stringAt(schema, 'type')
  if (type === undefined) return undefined
  const found = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value
  const fits = type === 'integer' ? Number.isInteger(value) : type === found
  return fits ? undefined : `"${found}": must be of type ${type}`
}

function partsOf(value: unknown, schema: Record<string, unknown>): [string, unknown, unknown][] {
  if (Array.isArray(value)) return value.map((item, index) => [`[${index}]`, item, schema.items])
  if (!isObject(value)) return []
  return Object.entries(value)
    .filter(([key]) => key !== 'metadata')
    .map(([key, child]) => [key, child, ownAt(schema.properties, key) ?? schema.additionalProperties])
}

function missing(value: unknown, schema: Record<string, unknown>, path: string[]): string | undefined {
  if (!isObject(value)) return undefined
  const absent = listAt(schema, 'required').find((key) => value[String(key)] === undefined)
  return absent === undefined ? undefined : `${[...path, absent].join('.')}: Required value`
}

function firstOf<T, R>(items: readonly T[], look: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = look(item)
    if (found !== undefined) return found
  }
  return undefined
}

function ownAt(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}
