const MASK = '[secret]'
/** Shorter values are words of everyday text: masking "true" or "8" would hide the sentence and protect nothing. */
const SHORTEST_SECRET = 6

/** Takes secrets out of text that a tool wrote. */
export type Redact = (text: string) => string

/** Masks every given value, and each line of one that has several. The longest goes first, so that no tail of a longer one stays. */
export function createRedact(secrets: readonly string[]): Redact {
  const values = new Set(secrets.flatMap((secret) => [secret, ...secret.split(/\r?\n/)]).map((value) => value.trim()))
  const ordered = [...values].filter((value) => value.length >= SHORTEST_SECRET).sort((a, b) => b.length - a.length)
  return (text) => ordered.reduce((rest, value) => rest.replaceAll(value, MASK), text)
}

/** The end of a text, at most `limit` characters, cut at the start. */
export function tailOf(text: string, limit: number): string {
  const trimmed = text.trim()
  return trimmed.length <= limit ? trimmed : `…${trimmed.slice(trimmed.length - limit + 1)}`
}

/** The start of a text, at most `limit` characters. */
export function headOf(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`
}
