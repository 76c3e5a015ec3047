import { type FieldError, messageOf } from '../../errors.ts'
import type { JsonObject } from '../../json.ts'
import { createLinearRegExp, UnsupportedPattern } from './linear-regexp.ts'
import { fieldError } from './parameter-errors.ts'
import { placeOf, pointerTo } from './pointer.ts'
import { isObject, type SchemaPlace, schemaPlaces } from './schema-places.ts'
import { compileSchema, FORMAT_NAMES, metaErrors } from './validator.ts'

const AT = '/parameterSchema'
const DIALECT = 'https://json-schema.org/draft/2020-12/schema'
const MOST_CHARACTERS = 64 * 1024
/** Schemas that one value may be checked against, every `$ref` followed. */
const MOST_EXPANDED = 5000
/** Names and references that could lead out of the document, or around in it. */
const REFUSED = ['$anchor', '$dynamicAnchor', '$dynamicRef', '$id', '$recursiveAnchor', '$recursiveRef', '$vocabulary']

/** What keeps a parameter schema from being published: rules that bound its cost first, then the meta-schema and the compiler. */
export function schemaFaults(schema: JsonObject): FieldError[] {
  const size = JSON.stringify(schema).length
  if (size > MOST_CHARACTERS)
    return [{ pointer: AT, message: `has ${size} characters; ${MOST_CHARACTERS} are allowed` }]
  const places = schemaPlaces(schema)
  const faults = [...rootFaults(schema), ...places.flatMap(placeFaults), ...referenceFaults(places)]
  if (faults.length > 0) return faults
  const unsound = compilerFaults(schema)
  return unsound.length > 0 ? unsound : defaultFaults(schema, places)
}

function rootFaults(schema: JsonObject): FieldError[] {
  const faults: FieldError[] = []
  if (schema.type !== 'object') faults.push({ pointer: `${AT}/type`, message: 'must be "object"' })
  if (schema.additionalProperties !== false) {
    faults.push({ pointer: `${AT}/additionalProperties`, message: 'must be false: unknown parameters are refused' })
  }
  if (schema.$schema !== undefined && schema.$schema !== DIALECT) {
    faults.push({ pointer: `${AT}/$schema`, message: `must be ${DIALECT}, or be left out` })
  }
  return faults
}

function placeFaults({ schema, path, property }: SchemaPlace): FieldError[] {
  const fault = (keyword: string, message: string) => ({ pointer: AT + pointerTo([...path, keyword]), message })
  const faults = REFUSED.filter((key) => Object.hasOwn(schema, key)).map((key) =>
    fault(key, 'is not allowed in a parameter schema'),
  )
  const nested = property !== undefined && property.length > 0
  if (schema.writeOnly === true) {
    if (!nested)
      faults.push(fault('writeOnly', 'is allowed only on a property that is reached through properties alone'))
    if (schema.default !== undefined)
      faults.push(fault('default', 'would publish a secret: a writeOnly parameter has no default'))
  }
  if (schema.format === 'o-cloud') {
    if (!nested)
      faults.push(fault('format', 'o-cloud is allowed only on a property that is reached through properties alone'))
    if (schema.type !== 'string') faults.push(fault('type', 'must be "string" where the format is o-cloud'))
    if (schema.writeOnly === true) faults.push(fault('writeOnly', 'is not allowed where the format is o-cloud'))
  }
  if (typeof schema.format === 'string' && !FORMAT_NAMES.includes(schema.format)) {
    faults.push(fault('format', `must be one of ${FORMAT_NAMES.join(', ')}`))
  }
  for (const map of ['properties', '$defs', 'patternProperties']) {
    if (isObject(schema[map]) && Object.hasOwn(schema[map], '__proto__'))
      faults.push(fault(map, '__proto__ is not allowed as a name'))
  }
  if (typeof schema.pattern === 'string')
    faults.push(...patternFault(schema.pattern).map((message) => fault('pattern', message)))
  if (isObject(schema.patternProperties)) {
    for (const pattern of Object.keys(schema.patternProperties)) {
      faults.push(...patternFault(pattern).map((message) => fault('patternProperties', `${pattern} ${message}`)))
    }
  }
  return faults
}

function patternFault(pattern: string): string[] {
  try {
    createLinearRegExp(pattern)
    return []
  } catch (error) {
    if (error instanceof UnsupportedPattern) return [error.message]
    throw error
  }
}

/** `$ref` stays inside of the document, never comes back to itself, and does not multiply: else one small value could be checked for ever. */
function referenceFaults(places: readonly SchemaPlace[]): FieldError[] {
  const byPointer = new Map(places.map((place) => [pointerTo(place.path), place]))
  const sizes = new Map<string, number>()
  const faults: FieldError[] = []
  const open = new Set<string>()

  function sizeOf(pointer: string): number {
    const known = sizes.get(pointer)
    if (known !== undefined) return known
    open.add(pointer)
    let size = 0
    for (const { schema, path } of places) {
      const at = pointerTo(path)
      if (at !== pointer && !at.startsWith(`${pointer}/`)) continue
      size += 1
      if (schema.$ref !== undefined) size += refSize(schema.$ref, `${AT}${at}/$ref`)
      if (size > MOST_EXPANDED) break
    }
    open.delete(pointer)
    sizes.set(pointer, size)
    return size
  }
  function refSize(ref: unknown, at: string): number {
    const target =
      typeof ref === 'string' && ref.startsWith('#/$defs/') ? pointerTo(placeOf(decode(ref.slice(1)))) : undefined
    if (target === undefined)
      faults.push({ pointer: at, message: 'must start with #/$defs/: nothing is fetched from elsewhere' })
    else if (!byPointer.has(target)) faults.push({ pointer: at, message: 'points to no schema' })
    else if (open.has(target))
      faults.push({ pointer: at, message: 'comes back to itself: recursive schemas are not allowed' })
    else return sizeOf(target)
    return 0
  }

  if (sizeOf('') > MOST_EXPANDED)
    faults.push({ pointer: AT, message: `has more than ${MOST_EXPANDED} schemas once every $ref is followed` })
  return [...new Map(faults.map((fault) => [fault.pointer, fault])).values()]
}

function decode(fragment: string): string {
  try {
    return decodeURIComponent(fragment)
  } catch {
    return fragment
  }
}

function compilerFaults(schema: JsonObject): FieldError[] {
  const [wrong] = metaErrors(schema)
  if (wrong)
    return [
      { pointer: AT + wrong.instancePath, message: `is no JSON Schema 2020-12: ${wrong.message ?? wrong.keyword}` },
    ]
  try {
    compileSchema(schema)
    return []
  } catch (error) {
    return [{ pointer: AT, message: messageOf(error) }]
  }
}

/** A default that its own schema refuses would fail every request that leaves the parameter out. */
function defaultFaults({ $defs = {} }: JsonObject, places: readonly SchemaPlace[]): FieldError[] {
  const withDefault = places.filter(({ schema }) => schema.default !== undefined)
  const properties = Object.fromEntries(withDefault.map(({ schema }, index) => [String(index), schema]))
  const together: JsonObject = { type: 'object', properties, $defs }
  const tooMuch = referenceFaults(schemaPlaces(together))
  if (tooMuch.length > 0) return tooMuch
  // Left out, every one of them is filled in
  return compileSchema(together)({}).flatMap((error) => {
    const { pointer, message } = fieldError(error, '')
    const [index = '', ...inner] = placeOf(pointer)
    const place = withDefault[Number(index)]
    if (!place) return []
    const { path, property } = place
    const name = property ? property.join('.') : pointerTo(path)
    const at = AT + pointerTo([...path, 'default', ...inner])
    return [{ pointer: at, message: `is refused by the schema of ${name} itself: ${message}` }]
  })
}
