import type { z } from 'zod'
import type { FieldError } from '../../errors.ts'
import type { JsonObject, JsonValue } from '../../json.ts'
import type { Step } from '../steps/step.ts'
import { pointerTo } from './pointer.ts'
import { parseText, soleReference } from './references.ts'
import { isObject, parameterFacts } from './schema-places.ts'

/**
 * Checks a step's `with` against its inputs as far as that can be known without parameters: constants as they are, references not at all,
 * except that a parameter that may be absent cannot fill an input that must be there.
 */
export function inputFaults(inputs: JsonObject, step: Step, at: string[], schema: JsonObject): FieldError[] {
  const least = withoutOptional(inputs, schema)
  const result = step.inputs.safeParse(least)
  if (result.success) return []
  return result.error.issues.flatMap((issue) => issueFaults(issue, { inputs, least, at }))
}

interface Judged {
  inputs: JsonObject
  /** The inputs that are there whatever the parameters are. */
  least: JsonObject
  at: string[]
}

function issueFaults(issue: z.core.$ZodIssue, { inputs, least, at }: Judged): FieldError[] {
  if (hangsOnReference(issue, least)) return []
  const fault = (path: readonly PropertyKey[], message: string) => ({ pointer: pointerTo([...at, ...path]), message })
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => fault([...issue.path, key], 'is no input of this step'))
  if (valueAt(least, issue.path) !== undefined || issue.path.length === 0) return [fault(issue.path, issue.message)]
  const dropped = valueAt(inputs, issue.path) !== undefined
  return [
    fault(
      issue.path,
      dropped ? 'must be there, but its parameter may be absent: require it or give it a default' : 'is required',
    ),
  ]
}

/** True when a reference stands on the way to the fault, or below it where the fault is about the whole. */
function hangsOnReference(issue: z.core.$ZodIssue, inputs: JsonObject): boolean {
  if (issue.code === 'unrecognized_keys') return false
  const value = valueAt(inputs, issue.path)
  if (value === undefined)
    return issue.path.some((_, depth) => isReference(valueAt(inputs, issue.path.slice(0, depth))))
  return holdsReference(value)
}

function isReference(value: JsonValue | undefined): boolean {
  return typeof value === 'string' && parseText(value).some((part) => 'reference' in part)
}

function holdsReference(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return isReference(value)
  return Object.values(value).some(holdsReference)
}

function withoutOptional(value: JsonObject, schema: JsonObject): JsonObject {
  const kept = Object.entries(value).flatMap(([key, item]) => {
    if (mayBeAbsent(item, schema)) return []
    return [[key, isObject(item) ? withoutOptional(item, schema) : item] as const]
  })
  return Object.fromEntries(kept)
}

function mayBeAbsent(value: JsonValue, schema: JsonObject): boolean {
  const reference = typeof value === 'string' ? soleReference(parseText(value)) : undefined
  return reference?.to === 'parameter' && parameterFacts(schema, reference.path)?.optional === true
}

function valueAt(root: JsonObject, path: readonly PropertyKey[]): JsonValue | undefined {
  let value: JsonValue | undefined = root
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = Array.isArray(value) ? value[Number(key)] : value[String(key)]
  }
  return value
}
