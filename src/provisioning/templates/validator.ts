import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { JsonObject } from '../../json.ts'
import { createLinearRegExp, MOST_CHARACTERS } from './linear-regexp.ts'

/** Fills defaults into `parameters` and answers what is wrong with them. */
export type Validator = (parameters: JsonObject) => ErrorObject[]

/** The formats of JSON Schema that a parameter may have, beside `o-cloud`. */
const FORMATS = [
  'date',
  'date-time',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'json-pointer',
  'time',
  'uri',
  'uri-reference',
  'uuid',
] as const

export const FORMAT_NAMES: readonly string[] = ['o-cloud', ...FORMATS]

type TextTest = (text: string) => boolean

function textTest(name: (typeof FORMATS)[number]): TextTest {
  const format = addFormats.default.get(name, 'full')
  const definition = typeof format === 'object' && 'validate' in format ? format.validate : format
  if (definition instanceof RegExp) return (text) => definition.test(text)
  if (typeof definition === 'function') return definition as TextTest
  throw new TypeError(`the format ${name} cannot be tested`)
}

/** Some of the library's expressions take quadratic time: nothing that long is a date or an address. */
function bounded(test: TextTest) {
  return { type: 'string' as const, validate: (text: string) => text.length <= MOST_CHARACTERS && test(text) }
}

/** Ajv tells patterns apart by toString(). */
const createRegExp = Object.assign(
  (pattern: string) => ({ ...createLinearRegExp(pattern), toString: () => `/${pattern}/u` }),
  { code: 'createLinearRegExp' },
)

/**
 * Compiles a parameter schema (JSON Schema 2020-12, strict: what would be ignored is an error). An Ajv of its own for each: Ajv keeps what it compiled for ever.
 * Throws Ajv's error when the schema does not compile.
 */
export function compileSchema(schema: JsonObject): Validator {
  const ajv = new Ajv2020({
    strictSchema: true,
    strictNumbers: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allErrors: true,
    useDefaults: true,
    ownProperties: true,
    addUsedSchema: false,
    validateSchema: false,
    // The schemas of JSON Schema itself: nothing here refers to them, and reading them takes longer than all else
    meta: false,
    logger: false,
    code: { regExp: createRegExp },
  })
  for (const name of FORMATS) ajv.addFormat(name, bounded(textTest(name)))
  ajv.addFormat('o-cloud', { type: 'string', validate: (text: string) => text.length > 0 && text.length <= 253 })
  const validate = ajv.compile<JsonObject>(schema)
  return (parameters) => (validate(parameters) ? [] : (validate.errors ?? []))
}

let meta: Ajv2020 | undefined

/** What is wrong with the schema itself, against the meta-schema of 2020-12. */
export function metaErrors(schema: JsonObject): ErrorObject[] {
  meta ??= new Ajv2020({ logger: false, allErrors: false })
  return meta.validateSchema(schema) ? [] : (meta.errors ?? [])
}
