import type { z } from 'zod'
import { type ErrorCode, type FieldError, ServiceError } from '../errors.ts'

/** Errors that are named one by one; the rest is counted. */
const MAX_FIELDS = 50

/** Validates against a schema; rejects with one entry per wrong field. Values are never repeated: they may be secrets. */
export function check<S extends z.ZodType>(code: ErrorCode, schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const fields = fieldErrors(result.error)
  throw new ServiceError(code, sentence(fields), { fields: fields.slice(0, MAX_FIELDS) })
}

/** RFC 6901. */
export function pointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

function sentence(fields: FieldError[]): string {
  const [first] = fields
  if (fields.length === 1 && first)
    return first.pointer === '' ? first.message : `${first.pointer.slice(1)} ${first.message}`
  return `${fields.length} values are wrong`
}

function fieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.flatMap((issue): FieldError[] => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ pointer: pointer([...issue.path, key]), message: 'is not known here' }))
    return [{ pointer: pointer(issue.path), message: words(issue) }]
  })
}

function words(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') {
    // zod tells an absent field from a wrong one in its message alone
    if (issue.message.endsWith('received undefined')) return 'is required'
    return issue.expected === 'undefined' ? 'must be left out' : `must be ${article(issue.expected)}`
  }
  if (issue.code === 'invalid_value') return `must be ${issue.values.map(String).join(' or ')}`
  if (issue.code === 'too_small') return `must be ${bound('at least', issue.minimum, issue.origin)}`
  if (issue.code === 'too_big') return `must be ${bound('at most', issue.maximum, issue.origin)}`
  return issue.message
}

function article(type: string): string {
  const name = type === 'record' ? 'object' : type === 'int' ? 'integer' : type
  return /^[aeiou]/.test(name) ? `an ${name}` : `a ${name}`
}

function bound(direction: string, limit: number | bigint, origin: string): string {
  const unit = origin === 'string' ? ' characters long' : origin === 'array' ? ' entries long' : ''
  return `${direction} ${limit}${unit}`
}
