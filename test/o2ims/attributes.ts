import type { JsonValue } from '../../src/json.ts'
import type { OpenApiDocument, Schema } from '../harness/contract.ts'

/** An attribute of a type and of what it holds, at any depth. */
export interface AttributePath {
  /** As filters and selectors write it. */
  path: string
  kind: 'string' | 'date-time' | 'number' | 'boolean' | 'enum' | 'structure'
  /** The values of an enumeration. */
  values: unknown[]
  /** Structures with keys of anybody's choice are looked into no further. */
  isMap: boolean
}

/** How often a type that holds itself is followed. */
const DEPTH = 3

/** Every attribute of the entries of a list, nested ones included, as the contract has them. */
export function attributesOf(document: OpenApiDocument, list: string): AttributePath[] {
  const schema = document.paths[list]?.get?.responses['200']?.content?.['application/json']?.schema
  if (schema?.items === undefined) throw new Error(`${list} is no list`)
  return below(document, schema.items, '', [])
}

function below(document: OpenApiDocument, schema: Schema, prefix: string, above: string[]): AttributePath[] {
  return formsOf(document, schema, above).flatMap(({ form, names }) =>
    Object.entries(form.properties ?? {}).flatMap(([name, property]) => {
      const path = prefix + name
      return formsOf(document, property, names).flatMap(({ form: held, names: inner }) => [
        { path, kind: kindOf(held), values: valuesOf(held), isMap: isTrueOrSchema(held.additionalProperties) },
        ...below(document, held, `${path}/`, inner),
      ])
    }),
  )
}

/** References followed, choices spread out, arrays looked through: what may stand there. */
function formsOf(document: OpenApiDocument, schema: Schema, names: string[]): { form: Schema; names: string[] }[] {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace('#/components/schemas/', '')
    const target = document.components.schemas[name]
    const isDeep = names.filter((one) => one === name).length >= DEPTH
    return target === undefined || isDeep ? [] : formsOf(document, target, [...names, name])
  }
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return choices.flatMap((choice) => formsOf(document, choice, names))
  return schema.items === undefined ? [{ form: schema, names }] : formsOf(document, schema.items, names)
}

function kindOf({ type, format, enum: several, const: one }: Schema): AttributePath['kind'] {
  if (type === 'object') return 'structure'
  if (several !== undefined || one !== undefined) return 'enum'
  if (type === 'integer' || type === 'number') return 'number'
  if (type === 'boolean') return 'boolean'
  return format === 'date-time' ? 'date-time' : 'string'
}

const valuesOf = ({ enum: several, const: one }: Schema): unknown[] => several ?? (one === undefined ? [] : [one])
const isTrueOrSchema = (additional: Schema['additionalProperties']): boolean =>
  additional !== undefined && additional !== false

/** A simple value somewhere in a record, with the path that a filter has for it. */
export interface Leaf {
  path: string
  value: string | number | boolean
}

/** The simple values of a record, at any depth. */
export function leavesOf(value: JsonValue, path = ''): Leaf[] {
  if (value === null) return []
  if (Array.isArray(value)) return value.flatMap((element) => leavesOf(element, path))
  if (typeof value !== 'object') return [{ path, value }]
  return Object.entries(value).flatMap(([name, inner]) =>
    leavesOf(inner, path === '' ? escaped(name) : `${path}/${escaped(name)}`),
  )
}

/** A name as SOL 013 5.2.2 writes it in a path. */
export function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll(',', '~a').replaceAll('@', '~b')
}

/** A value as SOL 013 5.2.2 writes it in an expression. */
export function written(value: string | number | boolean): string {
  const text = String(value)
  return /[,)']/.test(text) ? `'${text.replaceAll("'", "''")}'` : text
}
