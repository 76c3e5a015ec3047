import { ServiceError } from '../../errors.ts'
import type { JsonObject, JsonValue } from '../../json.ts'
import { placeOf } from './pointer.ts'

/** What stands between `{{` and `}}`. */
export type Reference =
  | { to: 'parameter'; path: string[]; text: string }
  | { to: 'output'; step: string; field: string; text: string }

/** A string, cut at its references. `malformed` is what opens like a reference and is none. */
export type TextPart = { literal: string } | { reference: Reference } | { malformed: string }

/** Where the values come from. Without `unknown`, an output that is not there is an error; with it, `unknown` stands in its place (a plan). */
export interface Scope {
  parameters: JsonObject
  steps: Readonly<Record<string, Readonly<Record<string, JsonValue>>>>
  unknown?: string
}

const BRACES = /\{\{\s*([^{}]*?)\s*\}\}/g
const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/
const POINTER = /^\/[^{}\s]+$/
const OUTPUT = /^steps\.([a-z0-9][a-z0-9-]*)\.([A-Za-z][A-Za-z0-9]*)$/

/** Cuts a string at its `{{ … }}`. */
export function parseText(text: string): TextPart[] {
  const parts: TextPart[] = []
  const literal = (piece: string) => {
    if (piece.includes('{{')) parts.push({ malformed: piece.slice(piece.indexOf('{{')) })
    else if (piece !== '') parts.push({ literal: piece })
  }
  let end = 0
  for (const match of text.matchAll(BRACES)) {
    literal(text.slice(end, match.index))
    const reference = parseReference(match[1] ?? '')
    parts.push(reference ? { reference } : { malformed: match[0] })
    end = match.index + match[0].length
  }
  literal(text.slice(end))
  return parts
}

function parseReference(text: string): Reference | undefined {
  if (NAME.test(text)) return { to: 'parameter', path: [text], text }
  if (POINTER.test(text)) return { to: 'parameter', path: placeOf(text), text }
  const [, step, field] = OUTPUT.exec(text) ?? []
  return step !== undefined && field !== undefined ? { to: 'output', step, field, text } : undefined
}

/** The reference that a string consists of, so that the value keeps its type. */
export function soleReference(parts: readonly TextPart[]): Reference | undefined {
  const [only] = parts
  return parts.length === 1 && only && 'reference' in only ? only.reference : undefined
}

/**
 * The `with` of a step with its references replaced. A value is put in as it is and never read for references again; an absent parameter takes
 * its key (in a list: its entry) with it. Rejects what publishing could not see: INVALID_ARGS for a list or an object inside text, INTERNAL for an output that is not there.
 */
export function renderInputs(inputs: Readonly<Record<string, JsonValue>>, scope: Scope): JsonObject {
  return renderObject(inputs, scope)
}

function render(value: JsonValue, scope: Scope): JsonValue | undefined {
  if (typeof value === 'string') return renderText(value, scope)
  if (Array.isArray(value)) return value.flatMap((item) => present(render(item, scope)))
  if (typeof value === 'object' && value !== null) return renderObject(value, scope)
  return value
}

function renderObject(value: Readonly<Record<string, JsonValue>>, scope: Scope): JsonObject {
  const entries = Object.entries(value).flatMap(([key, item]) =>
    present(render(item, scope)).map((rendered) => [key, rendered] as const),
  )
  return Object.fromEntries(entries)
}

const present = (value: JsonValue | undefined): JsonValue[] => (value === undefined ? [] : [value])

function renderText(text: string, scope: Scope): JsonValue | undefined {
  return renderParts(parseText(text), scope)
}

/** The same for text that was cut already. */
export function renderParts(parts: readonly TextPart[], scope: Scope): JsonValue | undefined {
  const sole = soleReference(parts)
  if (sole) return look(sole, scope)
  let rendered = ''
  for (const part of parts) {
    if ('malformed' in part) throw new ServiceError('INVALID_TEMPLATE', `${part.malformed} is not a reference`)
    const piece = 'literal' in part ? part.literal : look(part.reference, scope)
    if (piece === undefined) return undefined
    if (typeof piece === 'object' && 'reference' in part) {
      throw new ServiceError(
        'INVALID_ARGS',
        `{{ ${part.reference.text} }} stands inside text and must be a string, a number or a boolean`,
      )
    }
    rendered += String(piece)
  }
  return rendered
}

function look(reference: Reference, { parameters, steps, unknown }: Scope): JsonValue | undefined {
  if (reference.to === 'parameter') return valueAt(parameters, reference.path)
  const outputs = own(steps, reference.step)
  const value = outputs && own(outputs, reference.field)
  if (value !== undefined) return value
  if (unknown !== undefined) return unknown
  throw new ServiceError('INTERNAL', `step ${reference.step} gave no ${reference.field}`)
}

function valueAt(root: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = root
  for (const key of path) {
    if (Array.isArray(value)) value = /^(0|[1-9][0-9]*)$/.test(key) ? value[Number(key)] : undefined
    else if (typeof value === 'object' && value !== null) value = own(value, key)
    else return undefined
  }
  return value
}

function own<T>(value: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(value, key) ? value[key] : undefined
}
