import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { at, isObject, listAt, stringAt } from '../clusters/fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'

/** A kind of custom resource, by the definition that our packages bring. */
export interface Definition {
  apiVersion: string
  kind: string
  scope: 'Cluster' | 'Namespaced'
  /** JSON Schema 2020-12 of everything but metadata, closed where the definition does not say that anything goes. */
  schema: JsonObject
}

const PACKAGES = join(import.meta.dirname, '..', '..', 'samples', 'packages')
const FILES = [
  'focom-operator/crds/oclouds.yaml',
  'focom-operator/crds/templateinfoes.yaml',
  'focom-operator/crds/focomprovisioningrequests.yaml',
  'o2ims-crds/provisioningrequests.yaml',
]

let read: Definition[] | undefined

/** The kinds of FoCoM and of the o2ims-operator. */
export function definitions(): Definition[] {
  read ??= FILES.map((file) => definitionOf(parse(readFileSync(join(PACKAGES, file), 'utf8'))))
  return read
}

function definitionOf(crd: unknown): Definition {
  const [version] = listAt(crd, 'spec', 'versions')
  const schema = at(version, 'schema', 'openAPIV3Schema')
  return {
    apiVersion: `${stringAt(crd, 'spec', 'group')}/${stringAt(version, 'name')}`,
    kind: stringAt(crd, 'spec', 'names', 'kind') ?? '',
    scope: stringAt(crd, 'spec', 'scope') === 'Cluster' ? 'Cluster' : 'Namespaced',
    schema: { ...closed(schema), required: ['apiVersion', 'kind', 'spec'] },
  }
}

/** OpenAPI of a definition as JSON Schema: what the API server would prune is an error here. */
function closed(schema: unknown): JsonObject {
  if (!isObject(schema)) return {}
  const { properties, items, type, required, enum: allowed } = schema
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true
  const inner = isObject(properties)
    ? Object.entries(properties)
        .filter(([key]) => key !== 'metadata')
        .map(([key, value]) => [key, closed(value)] as const)
    : []
  return {
    ...(typeof type === 'string' && { type }),
    ...(Array.isArray(required) && { required: required.map(String) }),
    ...(Array.isArray(allowed) && { enum: allowed as JsonValue[] }),
    ...(inner.length > 0 && { properties: Object.fromEntries(inner) }),
    ...(items !== undefined && { items: closed(items) }),
    ...(type === 'object' &&
      !open && {
        additionalProperties: isObject(schema.additionalProperties) ? closed(schema.additionalProperties) : false,
      }),
  }
}
