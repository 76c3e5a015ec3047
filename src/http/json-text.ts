import { ServiceError } from '../errors.ts'
import type { JsonValue } from '../json.ts'
import { pointer } from './check.ts'

const MAX_DEPTH = 64
/** Keys that change an object's behaviour instead of its content once it is merged or copied. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor'])

/**
 * Reads JSON strictly: RFC 8259, no duplicate keys, bounded depth. Broken JSON is MALFORMED_BODY and says the line and column, never the text
 * itself (it may hold a kubeconfig); `__proto__` and the like are INVALID_ARGS with a pointer. An integer that a double
 * cannot hold and a number beyond its range are MALFORMED_BODY too; a fraction is read as the nearest double, as everywhere.
 */
export function readJson(bytes: Uint8Array): JsonValue {
  const text = decode(bytes)
  scan(text)
  return JSON.parse(text)
}

function decode(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch (cause) {
    throw new ServiceError('MALFORMED_BODY', 'the body is not UTF-8', { cause })
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 7 forbids exactly these unescaped
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const WORD = /true|false|null/y

/** Space, tab, line feed, carriage return; not the end. */
const isSpace = (code: number): boolean => code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d

/** Walks the text once and throws at the first fault. */
function scan(text: string): void {
  let at = 0
  const path: (string | number)[] = []

  function fault(message: string, offset = at): never {
    const before = text.slice(0, offset)
    const line = before.split('\n').length
    const column = offset - before.lastIndexOf('\n')
    throw new ServiceError('MALFORMED_BODY', `broken JSON at line ${line}, column ${column}: ${message}`, {
      fields: [{ pointer: pointer(path), message: `line ${line}, column ${column}: ${message}` }],
    })
  }
  function take(pattern: RegExp): string | undefined {
    pattern.lastIndex = at
    if (!pattern.test(text)) return undefined
    const start = at
    at = pattern.lastIndex
    return text.slice(start, at)
  }
  function skip(): void {
    while (isSpace(text.charCodeAt(at))) at += 1
  }
  function next(char: string): boolean {
    skip()
    if (text[at] !== char) return false
    at += 1
    return true
  }
  function value(): void {
    skip()
    if (path.length > MAX_DEPTH) fault(`more than ${MAX_DEPTH} levels deep`)
    if (at >= text.length) fault('the text ends here; a value is missing')
    if (next('{')) members()
    else if (next('[')) elements()
    else scalar()
  }
  function scalar(): void {
    const start = at
    if (text[at] === '"') {
      const quoted = take(STRING)
      if (quoted === undefined) fault('a string that is not ended, or holds a character that must be escaped')
      if (!whole(quoted)) fault('a string with half of a surrogate pair', start)
      return
    }
    const number = take(NUMBER)
    const loss = number === undefined ? undefined : lossOf(number)
    if (loss !== undefined) fault(loss, start)
    if (number === undefined && take(WORD) === undefined) fault('a value is expected')
  }
  function members(): void {
    const seen = new Set<string>()
    if (next('}')) return
    do {
      skip()
      const start = at
      const quoted = take(STRING)
      if (quoted === undefined) fault('a name in double quotes is expected')
      const name: string = quoted.includes('\\') ? JSON.parse(quoted) : quoted.slice(1, -1)
      path.push(name)
      if (seen.has(name)) fault('this name stands here twice', start)
      if (FORBIDDEN_KEYS.has(name))
        throw new ServiceError('INVALID_ARGS', `the name ${name} is not allowed`, {
          fields: [{ pointer: pointer(path), message: 'is not allowed as a name' }],
        })
      seen.add(name)
      if (!next(':')) fault('a colon is expected')
      value()
      path.pop()
    } while (next(','))
    if (!next('}')) fault('a comma or } is expected')
  }
  function elements(): void {
    if (next(']')) return
    let index = 0
    do {
      path.push(index++)
      value()
      path.pop()
    } while (next(','))
    if (!next(']')) fault('a comma or ] is expected')
  }

  value()
  skip()
  if (at < text.length) fault('nothing more is expected after the value')
}

function whole(quoted: string): boolean {
  if (!/\\u[dD]/.test(quoted)) return true
  const value: string = JSON.parse(quoted)
  return value.isWellFormed()
}

/** What would be lost of it; undefined for nothing that matters. */
function lossOf(number: string): string | undefined {
  const read = Number(number)
  if (!Number.isFinite(read)) return 'a number that is too large'
  if (/^-?[0-9]+$/.test(number) && !Number.isSafeInteger(read)) return 'an integer that would lose digits'
  return undefined
}
