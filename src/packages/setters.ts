import { type Document, isSeq, type Scalar, visit, type YAMLSeq } from 'yaml'
import { ServiceError } from '../errors.ts'
import type { JsonObject, JsonValue } from '../json.ts'

/**
 * kpt's comment convention (apply-setters of the krm function catalogue): a value with the comment `# kpt-set: ${name}` is set to that value, text may
 * mix several (`${image}:${tag}`), and a list carries the comment beside its key. What a name is set to when no value is given stands in the file.
 */
const COMMENT = /^\s*kpt-set:\s*(\S.*?)\s*$/
const PLACEHOLDER = /\$\{([^{}]+)\}/g

interface Place {
  node: Scalar | YAMLSeq
  pattern: string
  names: string[]
}

/** The names that the documents of a package can be given, in order. */
export function setterNames(documents: readonly Document[]): string[] {
  return [...new Set(documents.flatMap(placesIn).flatMap((place) => place.names))].sort()
}

/**
 * Sets the values, in place. INVALID_ARGS for a value that no setter takes (and that is not `taken` elsewhere), of a type that does not fit, or text that does not match its
 * pattern.
 */
export function applySetters(documents: readonly Document[], values: JsonObject, taken: readonly string[] = []): void {
  const known = [...new Set([...setterNames(documents), ...taken])].sort()
  const unknown = Object.keys(values).filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    const names = known.length === 0 ? 'it takes none' : `it takes ${known.join(', ')}`
    throw new ServiceError(
      'INVALID_ARGS',
      `the package takes no value named ${unknown.map(quoted).join(', ')}; ${names}`,
    )
  }
  for (const document of documents) {
    for (const place of placesIn(document)) {
      if (!place.names.some((name) => Object.hasOwn(values, name))) continue
      if (isSeq(place.node)) place.node.items = listFor(place, values).map((item) => document.createNode(item))
      else setScalar(place.node, place, values)
    }
  }
}

function placesIn(document: Document): Place[] {
  const places: Place[] = []
  const note = (node: Scalar | YAMLSeq, comment: string | null | undefined) => {
    const pattern = COMMENT.exec(comment?.split('\n')[0] ?? '')?.[1]
    if (pattern === undefined) return
    const names = [...pattern.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '')
    if (names.length > 0) places.push({ node, pattern, names })
  }
  visit(document, {
    Scalar(key, node) {
      if (key !== 'key') note(node, node.comment)
    },
    // The comment beside the key of a block list is kept before its first item.
    Seq(_, node) {
      note(node, node.flow ? node.comment : node.commentBefore)
    },
  })
  return places
}

function listFor(place: Place, values: JsonObject): JsonValue[] {
  const [name = ''] = place.names
  const value = own(values, name)
  if (!isAlone(place)) throw refused(name, `stands beside a list, so its comment must be \${${name}} alone`)
  if (!Array.isArray(value)) throw refused(name, 'must be a list')
  if (!value.every(isPlain)) throw refused(name, 'must be a list of texts, numbers or booleans')
  return value
}

function setScalar(node: Scalar, place: Place, values: JsonObject): void {
  const [name = ''] = place.names
  if (isAlone(place)) {
    const value = own(values, name)
    if (!isPlain(value)) throw refused(name, 'must be a text, a number or a boolean')
    put(node, value)
    return
  }
  const current = currentValues(node, place, values)
  const text = place.pattern.replace(PLACEHOLDER, (_, part: string) => {
    const value = Object.hasOwn(values, part) ? own(values, part) : current.get(part)
    if (!isPlain(value)) throw refused(part, 'must be a text, a number or a boolean')
    return String(value)
  })
  put(node, text)
}

/** What the parts of a mixed text are now, so that the ones without a value stay. */
function currentValues(node: Scalar, place: Place, values: JsonObject): Map<string, string> {
  if (place.names.every((name) => Object.hasOwn(values, name))) return new Map()
  // Between the placeholders stands fixed text. A part is as long as it can be, as in kpt: a registry's port belongs to the image, not to the tag.
  const fixed = place.pattern.split(PLACEHOLDER).filter((_, index) => index % 2 === 0)
  const match = new RegExp(`^${fixed.map(escaped).join('(.*)')}$`, 's').exec(String(node.value))
  if (match === null) {
    const names = place.names.filter((name) => !Object.hasOwn(values, name))
    throw new ServiceError(
      'INVALID_ARGS',
      `the file's text does not look like ${quoted(place.pattern)}, so ${names.map(quoted).join(', ')} must be given as well`,
    )
  }
  return new Map(place.names.map((name, index) => [name, match[index + 1] ?? '']))
}

/** Sets the value in the type that the file has there: "3" for a number becomes 3, 8 for a text "8". */
function put(node: Scalar, value: string | number | boolean): void {
  node.value = typedLike(node.value, value)
  // The old spelling (hexadecimal, digits after the point) belongs to the old value.
  delete node.source
  delete node.format
  delete node.minFractionDigits
}

function typedLike(current: unknown, value: string | number | boolean): string | number | boolean {
  if (typeof current === 'string') return String(value)
  if (typeof value !== 'string') return value
  if (typeof current === 'number' && value.trim() !== '' && String(Number(value)) === value) return Number(value)
  if (typeof current === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  return value
}

function isAlone(place: Place): boolean {
  return place.names.length === 1 && place.pattern === `\${${place.names[0]}}`
}

function isPlain(value: unknown): value is string | number | boolean {
  return (
    typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
  )
}

function own(values: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}

function refused(name: string, why: string): ServiceError {
  return new ServiceError('INVALID_ARGS', `value ${quoted(name)} ${why}`)
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100))
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
