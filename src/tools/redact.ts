const MASK = '[secret]'
/** Shorter values are words of everyday text: masking "yes" or "8" would hide the sentence and show by the gaps what was hidden. */
const SHORTEST_SECRET = 4

/** Takes secrets out of text that a tool wrote. */
export type Redact = (text: string) => string

/**
 * Masks every given value, and each line of one that has several, without the space around it: words come line by line, and indented anew. Values and lines
 * under 4 characters stay. The longest goes first, so that no tail of a longer one stays.
 */
export function createRedact(secrets: readonly string[]): Redact {
  const values = new Set(secrets.flatMap((secret) => [secret.trim(), ...linesOf(secret)]))
  const ordered = [...values].filter(isLongEnough).sort((a, b) => b.length - a.length)
  return (text) => ordered.reduce((rest, value) => rest.replaceAll(value, MASK), text)
}

/** Whether a secret is blotted out at all. */
export const isLongEnough = (secret: string): boolean => secret.length >= SHORTEST_SECRET

/** The lines of a text, without the space around each. */
export const linesOf = (text: string): string[] => text.split(/\r?\n/).map((line) => line.trim())

/** The end of a text, at most `limit` characters, cut at the start. */
export function tailOf(text: string, limit: number): string {
  const trimmed = text.trim()
  return trimmed.length <= limit ? trimmed : `…${trimmed.slice(trimmed.length - limit + 1)}`
}

/** The start of a text, at most `limit` characters. */
export function headOf(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`
}
