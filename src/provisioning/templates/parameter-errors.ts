import type { ErrorObject } from 'ajv/dist/2020.js'
import type { FieldError } from '../../errors.ts'
import { pointerTo } from './pointer.ts'

/** What Ajv says, as a place and a sentence that goes on from it: "oCloud", "is required". Holds words of the schema, never values. */
export function fieldError(error: ErrorObject, prefix: string): FieldError {
  const at = prefix + error.instancePath
  const { keyword, params } = error
  const inner = (name: unknown, message: string): FieldError => ({ pointer: at + pointerTo([String(name)]), message })
  switch (keyword) {
    case 'required':
      return inner(params.missingProperty, 'is required')
    case 'dependentRequired':
      return inner(params.missingProperty, `is required together with ${params.property}`)
    case 'additionalProperties':
      return inner(params.additionalProperty, 'is not known here')
    case 'unevaluatedProperties':
      return inner(params.unevaluatedProperty, 'is not known here')
    case 'propertyNames':
      return inner(params.propertyName, 'is not allowed as a name')
    default:
      return { pointer: at, message: sentence(keyword, params) ?? error.message ?? 'is wrong' }
  }
}

function sentence(keyword: string, params: ErrorObject['params']): string | undefined {
  const { limit } = params
  switch (keyword) {
    case 'type':
      return `must be ${types(params.type)}`
    case 'enum':
      return `must be ${list(params.allowedValues)}`
    case 'const':
      return `must be ${JSON.stringify(params.allowedValue)}`
    case 'format':
      return params.format === 'o-cloud'
        ? 'must be the id or the name of an O-Cloud'
        : `must be a valid ${params.format}`
    case 'pattern':
      return `must match ${params.pattern}`
    case 'minLength':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`
    case 'maxLength':
      return `must have at most ${limit} characters`
    case 'minItems':
      return `must have at least ${limit} entries`
    case 'maxItems':
      return `must have at most ${limit} entries`
    case 'uniqueItems':
      return 'must not have the same entry twice'
    case 'minProperties':
      return `must have at least ${limit} fields`
    case 'maxProperties':
      return `must have at most ${limit} fields`
    case 'minimum':
      return `must be at least ${limit}`
    case 'maximum':
      return `must be at most ${limit}`
    case 'exclusiveMinimum':
      return `must be greater than ${limit}`
    case 'exclusiveMaximum':
      return `must be less than ${limit}`
    case 'multipleOf':
      return `must be a multiple of ${params.multipleOf}`
    case 'false schema':
      return 'must be left out'
    default:
      return undefined
  }
}

const ARTICLES: Record<string, string> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  null: 'null',
  number: 'a number',
  object: 'an object',
  string: 'a string',
}

function types(type: unknown): string {
  const names = Array.isArray(type) ? type : [type]
  return names.map((name) => ARTICLES[String(name)] ?? String(name)).join(' or ')
}

function list(allowed: unknown): string {
  const words = Array.isArray(allowed) ? allowed.map((value) => JSON.stringify(value)) : []
  return words.length > 1 ? `one of ${words.join(', ')}` : (words[0] ?? 'something else')
}
