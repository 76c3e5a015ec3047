import type { KubernetesObject } from '../../clusters/cluster.ts'
import { at, isObject, listAt, stringAt } from '../../clusters/fields.ts'

const MOST_FAULTS = 5

/**
 * Why a definition that stands cannot serve in place of the wanted one, in words; empty when it can: the same kind, scope and version, every field of ours with our
 * type, and none required that we do not require.
 */
export function definitionFaults(wanted: KubernetesObject, live: KubernetesObject): string[] {
  const faults: string[] = []
  for (const path of [['scope'], ['names', 'kind'], ['names', 'plural']]) {
    const [asked, found] = [stringAt(wanted, 'spec', ...path), stringAt(live, 'spec', ...path)]
    if (asked !== found) faults.push(`spec.${path.join('.')} is ${found ?? 'missing'}, not ${asked}`)
  }
  for (const version of listAt(wanted, 'spec', 'versions')) {
    const name = stringAt(version, 'name') ?? ''
    const other = listAt(live, 'spec', 'versions').find((one) => stringAt(one, 'name') === name)
    if (at(other, 'served') !== true) faults.push(`version ${name} is not served`)
    else faults.push(...versionFaults(version, other, name))
  }
  return faults.slice(0, MOST_FAULTS)
}

function versionFaults(wanted: unknown, live: unknown, name: string): string[] {
  const faults: string[] = []
  if (at(wanted, 'subresources', 'status') !== undefined && at(live, 'subresources', 'status') === undefined)
    faults.push(`version ${name} has no status subresource`)
  for (const part of ['spec', 'status']) {
    const [asked, found] = [schemaOf(wanted, part), schemaOf(live, part)]
    if (asked !== undefined) faults.push(...schemaFaults(asked, found, part))
  }
  return faults
}

const schemaOf = (version: unknown, part: string): unknown =>
  at(version, 'schema', 'openAPIV3Schema', 'properties', part)

function schemaFaults(wanted: unknown, live: unknown, path: string): string[] {
  if (live === undefined) return [`${path} is missing`]
  const [asked, found] = [stringAt(wanted, 'type'), stringAt(live, 'type')]
  if (asked !== found) return [`${path} is of type ${found ?? 'unknown'}, not ${asked}`]
  const fields = at(wanted, 'properties')
  const faults = listAt(live, 'required')
    .filter((field) => !listAt(wanted, 'required').includes(field))
    .map((field) => `${path}.${String(field)} is required`)
  const anything = at(live, 'x-kubernetes-preserve-unknown-fields') === true
  for (const [field, schema] of isObject(fields) ? Object.entries(fields) : []) {
    const other = at(live, 'properties', field)
    if (other !== undefined || !anything) faults.push(...schemaFaults(schema, other, `${path}.${field}`))
  }
  const items = at(wanted, 'items')
  return items === undefined ? faults : [...faults, ...schemaFaults(items, at(live, 'items'), `${path}[]`)]
}
