import { at, isObject, stringAt } from '../clusters/fields.ts'
import type { FieldError } from '../errors.ts'
import { fieldError } from '../provisioning/templates/parameter-errors.ts'
import { placeOf, pointerTo } from '../provisioning/templates/pointer.ts'
import { compileSchema } from '../provisioning/templates/validator.ts'
import { type Definition, definitions } from './definitions.ts'
import { insteadOf } from './seed-fields.ts'
import type { Validated } from './validated.ts'

/** Fields that are named one by one. */
const MOST_FAULTS = 200

/**
 * What is wrong with a custom resource by upstream's schema. A field that upstream does not have is named with all that stands below it, and with the place where the
 * same is said here, so that somebody who has a file of the seed knows what becomes of each line.
 */
export function customResourceFaults(value: object): Pick<Validated, 'faults' | 'remarks'> {
  const [apiVersion, kind, name] = [
    stringAt(value, 'apiVersion') ?? '',
    stringAt(value, 'kind') ?? '',
    stringAt(value, 'metadata', 'name'),
  ]
  const known = definitions()
  const definition = known.find((each) => each.kind === kind)
  if (!definition) {
    const message = `must be ${known.map((each) => each.kind).join(', ')}; what a package holds is validated with its folder`
    return { faults: [{ pointer: '/kind', message }], remarks: [] }
  }
  const faults: FieldError[] = []
  if (apiVersion !== definition.apiVersion)
    faults.push({ pointer: '/apiVersion', message: `must be ${definition.apiVersion}, as upstream has it` })
  if (name === undefined) faults.push({ pointer: '/metadata/name', message: 'is required' })
  if (definition.scope === 'Cluster' && stringAt(value, 'metadata', 'namespace') !== undefined)
    faults.push({ pointer: '/metadata/namespace', message: `must be left out: ${kind} belongs to the whole cluster` })
  const found = [...faults, ...schemaFaults(value, definition)]
  const remarks = [
    `${kind} is written by the service itself, by the template edge-5g; nobody has to post it`,
    ...(found.length > MOST_FAULTS ? [`${found.length - MOST_FAULTS} more fields are wrong`] : []),
  ]
  return { faults: found.slice(0, MOST_FAULTS), remarks }
}

function schemaFaults(value: object, { schema, kind }: Definition): FieldError[] {
  const { metadata: _, ...rest } = structuredClone(value) as Record<string, never>
  return compileSchema(schema)(rest)
    .map((error) => fieldError(error, ''))
    .flatMap((fault) => (fault.message === 'is not known here' ? below(fault.pointer, value) : [fault]))
    .map((fault) => ({ ...fault, message: withInstead(fault.message, insteadOf(kind, fault.pointer)) }))
}

/** Each value below a field that is not known; a list is one value. */
function below(pointer: string, value: unknown): FieldError[] {
  const inner = at(value, ...placeOf(pointer))
  if (!isObject(inner) || Object.keys(inner).length === 0) return [{ pointer, message: 'is not known here' }]
  return Object.keys(inner).flatMap((key) => below(`${pointer}${pointerTo([key])}`, value))
}

const withInstead = (message: string, instead: string | undefined) =>
  instead === undefined ? message : `${message}; instead: ${instead}`
