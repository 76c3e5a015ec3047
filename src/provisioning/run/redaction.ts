import type { JsonObject, JsonValue } from '../../json.ts'

const REDACTED = '[secret]'
/** Shorter values would blot out ordinary words. */
const SHORTEST = 4

/** Makes a function that blots out the given secret values (and their base64 form) in any text: the words of tools and API servers may quote them. */
export function createRedactor(secrets: JsonObject | undefined): (text: string) => string {
  const values = [...new Set(scalarsOf(secrets ?? {}).filter((value) => value.length >= SHORTEST))]
  const all = values.flatMap((value) => [
    value,
    Buffer.from(value).toString('base64'),
    JSON.stringify(value).slice(1, -1),
  ])
  const longestFirst = [...new Set(all)].sort((a, b) => b.length - a.length)
  return (text) => longestFirst.reduce((clean, secret) => clean.replaceAll(secret, REDACTED), text)
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
