import type { JsonObject, JsonValue } from '../../json.ts'
import { createRedact, isLongEnough, linesOf, type Redact } from '../../tools/redact.ts'

/**
 * Makes a function that blots out the given secret values, each of their lines, and their forms in base64 and JSON in any text: the words of tools and API
 * servers may quote them. Values and lines under 4 characters stay: they would blot out ordinary words.
 */
export function createRedactor(secrets: JsonObject | undefined): Redact {
  return createRedact(
    scalarsOf(secrets ?? {})
      .filter(isLongEnough)
      .flatMap(formsOf),
  )
}

function formsOf(value: string): string[] {
  const encoded = [value, value.trim()].map((text) => Buffer.from(text).toString('base64'))
  return [
    value,
    ...encoded,
    ...[value, ...linesOf(value)].filter(isLongEnough).map((text) => JSON.stringify(text).slice(1, -1)),
  ]
}

/** The same value with every text in it redacted; names of fields are ours and stay. */
export function redactAll(value: JsonValue, redact: (text: string) => string): JsonValue {
  if (typeof value === 'string') return redact(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => redactAll(item, redact))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactAll(item, redact)]))
}

function scalarsOf(value: JsonValue): string[] {
  if (value === null || typeof value === 'boolean') return []
  if (typeof value === 'object') return Object.values(value).flatMap(scalarsOf)
  return [String(value)]
}
