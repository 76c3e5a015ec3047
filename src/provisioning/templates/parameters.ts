import type { FieldError } from '../../errors.ts'
import { ServiceError } from '../../errors.ts'
import type { JsonObject, JsonValue } from '../../json.ts'
import type { AcceptedParameters } from './catalogue-types.ts'
import { fieldError } from './parameter-errors.ts'
import { pointerTo } from './pointer.ts'
import { isObject, oCloudPlaces, secretPlaces } from './schema-places.ts'
import type { Validator } from './validator.ts'

export const PARAMETERS_POINTER = '/templateParameters'
/** Values in all, lists and objects counted: the bound of what checking one request costs. */
const MOST_VALUES = 10_000
const DEEPEST = 48
const MOST_ERRORS = 50

export interface AcceptParts {
  schema: JsonObject
  validate: Validator
  /** Id or name of an O-Cloud to its id. */
  resolveOCloud: (idOrName: string) => Promise<string | undefined>
}

/**
 * Checks parameters against the template's schema, fills the defaults in, turns O-Clouds into ids and takes the writeOnly values out. The argument stays as it is.
 * Rejects with TEMPLATE_PARAMETERS and one entry for each wrong value; values are never repeated, they may be secrets.
 */
export async function acceptParameters(
  sent: JsonObject,
  { schema, validate, resolveOCloud }: AcceptParts,
): Promise<AcceptedParameters> {
  refuse(outOfBounds(sent))
  const parameters = copyOf(sent)
  refuse(validate(parameters).map((error) => fieldError(error, PARAMETERS_POINTER)))
  const oCloudIds = new Set<string>()
  const unknown: FieldError[] = []
  for (const place of oCloudPlaces(schema)) {
    const named = valueAt(parameters, place)
    if (typeof named !== 'string') continue
    const id = await resolveOCloud(named)
    if (id === undefined)
      unknown.push({
        pointer: PARAMETERS_POINTER + pointerTo(place),
        message: 'is neither the id nor the name of a registered O-Cloud',
      })
    else {
      oCloudIds.add(id)
      setAt(parameters, place, id)
    }
  }
  refuse(unknown)
  return { ...splitSecrets(parameters, secretPlaces(schema)), oCloudIds: [...oCloudIds] }
}

/** Rejects with TEMPLATE_PARAMETERS when anything is wrong; what is said twice is told once. */
export function refuse(wrong: FieldError[]): void {
  const seen = new Map(wrong.map((error) => [`${error.pointer} ${error.message}`, error]))
  const fields = [...seen.values()]
  const [first] = fields
  if (!first) return
  const message =
    fields.length === 1 ? `${first.pointer.slice(1)} ${first.message}` : `${fields.length} values are wrong`
  throw new ServiceError('TEMPLATE_PARAMETERS', message, { fields: fields.slice(0, MOST_ERRORS) })
}

/** Of what is within bounds. */
function copyOf(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOfItem(item)]))
}

function copyOfItem(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(copyOfItem)
  return isObject(value) ? copyOf(value) : value
}

function outOfBounds(sent: JsonObject): FieldError[] {
  const open: { value: JsonValue; path: string[] }[] = [{ value: sent, path: [] }]
  let count = 0
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, path } = next
    count += 1
    if (count > MOST_VALUES) return [{ pointer: PARAMETERS_POINTER, message: `has more than ${MOST_VALUES} values` }]
    if (path.length > DEEPEST) return [{ pointer: PARAMETERS_POINTER, message: `is more than ${DEEPEST} levels deep` }]
    if (typeof value !== 'object' || value === null) continue
    if (Object.hasOwn(value, '__proto__')) {
      return [{ pointer: PARAMETERS_POINTER + pointerTo([...path, '__proto__']), message: 'is not allowed as a name' }]
    }
    for (const [key, item] of Object.entries(value)) open.push({ value: item, path: [...path, key] })
  }
  return []
}

/** Takes the values at `places` out; they stand in `secrets`, in the same shape. The argument stays as it is. */
export function splitSecrets(
  value: JsonObject,
  places: readonly string[][],
): { parameters: JsonObject; secrets: JsonObject | undefined } {
  if (places.length === 0) return { parameters: value, secrets: undefined }
  const parameters = structuredClone(value)
  let secrets: JsonObject | undefined
  for (const place of places) {
    const secret = valueAt(parameters, place)
    const name = place.at(-1)
    if (secret === undefined || name === undefined) continue
    const holder = valueAt(parameters, place.slice(0, -1))
    if (isObject(holder)) delete holder[name]
    secrets ??= {}
    setAt(secrets, place, secret)
  }
  return { parameters, secrets }
}

/** Puts the secrets back where they were taken out: objects are merged, anything else is a secret's own value. */
export function mergeSecrets(parameters: JsonObject, secrets: JsonObject | undefined): JsonObject {
  if (!secrets) return parameters
  const merged = new Map(Object.entries(parameters))
  for (const [key, secret] of Object.entries(secrets)) {
    const open = merged.get(key)
    merged.set(key, isObject(open) && isObject(secret) ? mergeSecrets(open, secret) : secret)
  }
  return Object.fromEntries(merged)
}

function valueAt(root: JsonObject, place: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = root
  for (const key of place) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return value
}

function setAt(root: JsonObject, place: readonly string[], value: JsonValue): void {
  const name = place.at(-1)
  if (name === undefined) return
  let holder = root
  for (const key of place.slice(0, -1)) {
    const next = Object.hasOwn(holder, key) ? holder[key] : undefined
    const inner: JsonObject = isObject(next) ? next : {}
    holder[key] = inner
    holder = inner
  }
  holder[name] = value
}
