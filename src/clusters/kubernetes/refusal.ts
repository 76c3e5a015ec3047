import { ServiceError } from '../../errors.ts'
import type { KubernetesObject } from '../cluster.ts'
import { at, isObject, listAt, stringAt } from '../fields.ts'
import type { RawAnswer } from './connection.ts'
import { withMissingRight } from './missing-right.ts'

const EXPIRED =
  'the credentials of its kubeconfig are not taken, or not any more: replace the O-Cloud with a new kubeconfig, then retry'

export interface RefusalContext {
  /** Starts the sentence, e.g. `Deployment "du" in namespace "ran"`. */
  what: string
  /** What was sent; the values of a Secret are taken out of the server's words. */
  sent?: KubernetesObject
}

/**
 * What the API server answered, as an error of ours with the server's own words: CONFLICT, APPLY_FAILED (final), or UNAVAILABLE (retryable) for
 * 429 and 5xx.
 */
export function refusalOf(answer: RawAnswer, context: RefusalContext): ServiceError {
  const { status } = answer
  const words = withMissingRight(withoutValuesOf(context.sent, wordsOf(answer)))
  const said = `${context.what}: ${words}`
  if (status === 409 || isOtherUid(answer)) {
    const owners = ownersOf(answer)
    if (owners !== undefined) return new ServiceError('CONFLICT', `${context.what}: ${owners}`)
    return new ServiceError('CONFLICT', said, { retryable: status === 409 })
  }
  // Server-side apply answers 500 to an object that does not fit its schema, where other writes answer 400.
  if (status === 500 && /failed to create typed patch object|failed to convert new object/.test(words)) {
    return new ServiceError('APPLY_FAILED', said)
  }
  if (status === 429 || status >= 500) {
    const details = { retryable: true, ...(answer.retryAfter !== undefined && { retryAfter: answer.retryAfter }) }
    return new ServiceError('UNAVAILABLE', `${said} (the API server answered ${status})`, details)
  }
  if (status === 401) return new ServiceError('APPLY_FAILED', `${said} (${EXPIRED})`)
  // The namespace will be gone in a moment, and may be made again.
  return new ServiceError('APPLY_FAILED', said, { retryable: isTerminating(answer) })
}

/** Answered for an object, a namespace or a kind that is not there. */
export function isNotFound(answer: RawAnswer): boolean {
  return answer.status === 404
}

/** A 404 about the address itself: this server does not serve the kind (any more). */
export function isUnknownKind(answer: RawAnswer): boolean {
  return answer.status === 404 && stringAt(answer.body, 'details', 'name') === undefined
}

function wordsOf({ body, status }: RawAnswer): string {
  const message = stringAt(body, 'message')
  if (message !== undefined && message !== '') return message
  const text = typeof body === 'string' ? body.trim().slice(0, 300) : ''
  return text === '' ? `the API server answered ${status}` : text
}

/** `"kubectl" owns .data.x`, from the causes of a server-side apply that met other owners; undefined for any other refusal. */
export function ownersOf({ body }: RawAnswer): string | undefined {
  const fields = new Map<string, string[]>()
  for (const cause of listAt(body, 'details', 'causes')) {
    if (stringAt(cause, 'reason') !== 'FieldManagerConflict') continue
    const owner = /"([^"]*)"/.exec(stringAt(cause, 'message') ?? '')?.[1] ?? 'somebody else'
    fields.set(owner, [...(fields.get(owner) ?? []), stringAt(cause, 'field') ?? '?'])
  }
  if (fields.size === 0) return undefined
  return [...fields].map(([owner, owned]) => `"${owner}" owns ${owned.join(', ')}`).join('; ')
}

/** A patch that names an uid is refused as invalid when another object has taken the name. */
function isOtherUid({ status, body }: RawAnswer): boolean {
  return (
    status === 422 && listAt(body, 'details', 'causes').some((cause) => stringAt(cause, 'field') === 'metadata.uid')
  )
}

function isTerminating({ body }: RawAnswer): boolean {
  return listAt(body, 'details', 'causes').some((cause) => stringAt(cause, 'reason') === 'NamespaceTerminating')
}

/** Validation quotes what it does not like, and a value of the wrong type in the notation of Go. */
function withoutValuesOf(sent: KubernetesObject | undefined, words: string): string {
  if (sent?.kind !== 'Secret') return words
  const unquoted = words
    .replace(/(Invalid value: )("(?:[^"\\]|\\.)*"|[^:]+)/g, '$1[secret]')
    .replace(/(, got )&.*$/s, '$1[secret]')
  const forms = [...scalarsOf(at(sent, 'data')).flatMap(decoded), ...scalarsOf(at(sent, 'stringData'))].flatMap(quoted)
  const longestFirst = forms.sort((a, b) => b.length - a.length)
  return longestFirst.reduce((clean, form) => clean.replaceAll(form, '[secret]'), unquoted)
}

function scalarsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(scalarsOf)
  if (isObject(value)) return Object.values(value).flatMap(scalarsOf)
  return typeof value === 'string' || typeof value === 'number' ? [String(value)] : []
}

function decoded(text: string): string[] {
  return [text, Buffer.from(text, 'base64').toString('utf8')]
}

/** Shorter values would blot out ordinary words. */
function quoted(text: string): string[] {
  return [text, JSON.stringify(text).slice(1, -1)].filter((form) => form.length >= 4)
}
