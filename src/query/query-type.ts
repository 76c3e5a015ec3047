import { z } from 'zod'

export type Scalar = 'string' | 'uuid' | 'date-time' | 'enum' | 'number' | 'boolean'

/** What may stand at a place of a record, as a filter or a selector sees it. Arrays are looked through: a path names what their elements hold. */
export interface QueryType {
  scalars: ReadonlySet<Scalar>
  /** The values of an enumeration. */
  enumerated: readonly string[]
  /** An array, of whatever. */
  array: boolean
  /** An object: it has attributes, or keys. */
  structured: boolean
  /** An object with keys of its own choice (KeyValuePairs). */
  map: boolean
  /** Anything: only the record itself can tell. */
  open: boolean
  /** Undefined when there is no such attribute. */
  attribute(name: string): Attribute | undefined
  attributeNames(): string[]
}

export interface Attribute {
  type: QueryType
  /** Lower bound 0: a record may lack it. */
  optional: boolean
  /** Under a key of a map: it is there as its owner likes, and holds what its owner likes. */
  entry: boolean
}

/** What is read of JSON Schema. */
interface Schema {
  $ref?: string | undefined
  $defs?: Record<string, Node> | undefined
  type?: string | readonly string[] | undefined
  format?: string | undefined
  const?: unknown
  enum?: readonly unknown[] | undefined
  properties?: Record<string, Node> | undefined
  required?: readonly string[] | undefined
  additionalProperties?: Node | undefined
  items?: Node | readonly Node[] | undefined
  prefixItems?: readonly Node[] | undefined
  anyOf?: readonly Node[] | undefined
  oneOf?: readonly Node[] | undefined
}
type Node = Schema | boolean

/** The type of the records that a schema lets through, as they go over the wire. Recursive schemas are followed no further than a path goes. */
export function queryTypeOf(schema: z.ZodType): QueryType {
  const root: Schema = z.toJSONSchema(schema, { unrepresentable: 'any' })
  return createTypes(root)([root])
}

/** The type of a string that is nothing else: the key of a map. */
export const keyType: QueryType = createTypes({})([{ type: 'string' }])

type TypeOf = (nodes: readonly Node[]) => QueryType

/** Each type of a schema is made once, when it is asked for first: there are no more of them than places in the schema, however many paths lead there. */
function createTypes(root: Schema): TypeOf {
  const numbers = new Map<Node, number>()
  const types = new Map<string, QueryType>()
  const numberOf = (node: Node) => {
    const number = numbers.get(node) ?? numbers.size
    numbers.set(node, number)
    return number
  }
  function typeOf(nodes: readonly Node[]): QueryType {
    const place = nodes.map(numberOf).join()
    const type = types.get(place) ?? makeType(nodes, root, typeOf)
    types.set(place, type)
    return type
  }
  return typeOf
}

function makeType(nodes: readonly Node[], root: Schema, typeOf: TypeOf): QueryType {
  const forms = nodes.flatMap((node) => formsOf(node, root))
  const elements = forms.flatMap((form) => elementsOf(form, root))
  const open = elements.some(isOpen)
  const objects = elements.filter(isObject)
  const maps = objects.filter(({ additionalProperties }) => takesAnything(additionalProperties))

  function attribute(name: string): Attribute | undefined {
    if (open) return { type: typeOf([true]), optional: true, entry: true }
    const declaring = objects.filter(({ properties = {} }) => Object.hasOwn(properties, name))
    const found = declaring.flatMap(({ properties }) => properties?.[name] ?? [])
    if (found.length > 0) {
      const everywhere = declaring.length === objects.length
      const required = declaring.every(({ required: names = [] }) => names.includes(name))
      return { type: typeOf(found), optional: !(everywhere && required), entry: false }
    }
    const values = maps.flatMap(({ additionalProperties = false }) => additionalProperties)
    return values.length === 0 ? undefined : { type: typeOf(values), optional: true, entry: true }
  }

  return {
    scalars: new Set(elements.flatMap(scalarsOf)),
    enumerated: elements.flatMap(({ const: one, enum: several = [one] }) =>
      several.filter((value) => typeof value === 'string'),
    ),
    array: forms.some(({ type }) => type === 'array'),
    structured: open || objects.length > 0,
    map: open || maps.length > 0,
    open,
    attribute,
    attributeNames: () => [...new Set(objects.flatMap(({ properties = {} }) => Object.keys(properties)))],
  }
}

/** References followed, choices spread out; null is the same as absent. */
function formsOf(node: Node, root: Schema): Schema[] {
  if (node === true) return [{}]
  if (node === false) return []
  if (node.$ref !== undefined) return formsOf(resolved(node.$ref, root), root)
  const choices = node.anyOf ?? node.oneOf
  if (choices) return choices.flatMap((choice) => formsOf(choice, root))
  if (Array.isArray(node.type)) return node.type.flatMap((type: string) => formsOf({ ...node, type }, root))
  return node.type === 'null' ? [] : [node]
}

function resolved(reference: string, root: Schema): Node {
  const name = reference.replace(/^#(\/\$defs\/)?/, '')
  return name === '' ? root : (root.$defs?.[name] ?? true)
}

function elementsOf(form: Schema, root: Schema): Schema[] {
  if (form.type !== 'array') return [form]
  const held = [form.prefixItems ?? [], form.items ?? form.prefixItems === undefined].flat()
  return held.flatMap((node) => formsOf(node, root)).flatMap((inner) => elementsOf(inner, root))
}

function isObject({ type, properties }: Schema): boolean {
  return type === 'object' || properties !== undefined
}

function isOpen(schema: Schema): boolean {
  return schema.type === undefined && !isObject(schema) && schema.const === undefined && schema.enum === undefined
}

/** z.object without more words drops what it does not know: no keys of anybody's choice there. */
function takesAnything(additional: Node | undefined): boolean {
  return additional !== undefined && additional !== false
}

function scalarsOf({ type, format, const: one, enum: several }: Schema): Scalar[] {
  const values = several ?? (one === undefined ? [] : [one])
  if (values.length > 0) return values.flatMap((value) => ENUMERATED[typeof value] ?? [])
  if (type === 'string') return [format === 'uuid' || format === 'date-time' ? format : 'string']
  if (type === 'number' || type === 'integer') return ['number']
  return type === 'boolean' ? ['boolean'] : []
}

const ENUMERATED: Partial<Record<string, Scalar>> = { string: 'enum', number: 'number', boolean: 'boolean' }
