/** The special name for the keys of a map. An attribute of that very name is written `~bkey`. */
export const KEY = '@key'

/** One name of a path, its escapes resolved. */
export interface PathStep {
  name: string
  /** `@key` */
  isKey: boolean
  /** Where it starts in the text. */
  at: number
}

const ESCAPES: Record<string, string> = { '~0': '~', '~1': '/', '~a': ',', '~b': '@' }
const MAX_DEPTH = 64

/** Throws where the path cannot go on: with the offset and what is expected there. */
export type Fail = (expected: string, at: number) => never

/**
 * Reads `attrName *( "/" attrName )` from `start` up to the first character that cannot be part of it (SOL 013 5.2.2).
 * A comma ends it, and so does a closing bracket: neither can be in a name as it stands.
 */
export function readPath(text: string, start: number, fail: Fail): { path: PathStep[]; end: number } {
  const path: PathStep[] = []
  for (let at = start; ; at += 1) {
    const raw = rawName(text, at)
    if (raw === '') fail('expected the name of an attribute', at)
    if (path.at(-1)?.isKey) fail(`expected nothing below ${KEY}`, at)
    if (path.length === MAX_DEPTH) fail(`expected at most ${MAX_DEPTH} names in a path`, at)
    path.push({ name: unescaped(raw, at, fail), isKey: raw === KEY, at })
    at += raw.length
    if (text[at] !== '/') return { path, end: at }
  }
}

function rawName(text: string, start: number): string {
  let end = start
  while (end < text.length && !'/,)'.includes(text.charAt(end))) end += 1
  return text.slice(start, end)
}

function unescaped(raw: string, start: number, fail: Fail): string {
  if (raw.startsWith('@') && raw !== KEY) fail(`expected ${KEY}, or ~b for an @ in a name`, start)
  return raw.replace(/~.?/gs, (pair, offset: number) => {
    return ESCAPES[pair] ?? fail('expected ~0 for ~, ~1 for /, ~a for a comma or ~b for @', start + offset)
  })
}
