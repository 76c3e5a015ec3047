import type { JsonObject, JsonValue } from '../../json.ts'
import type { KubernetesObject } from '../cluster.ts'
import { at, isObject, listAt, numberAt, stringAt } from '../fields.ts'
import { type KnownKind, kindKey, kindOfDefinition } from './kinds.ts'
import { undeclaredField } from './typed-fields.ts'

const SERVER_FIELDS = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
]
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const LABEL_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/

/**
 * What the client asks for, as a real server reads it: plain JSON without nulls, without the fields that only the server writes, Secrets with
 * `data` only, and without `status` where that is a subresource.
 */
export function readApplied(object: KubernetesObject, known: KnownKind): JsonObject {
  const text = JSON.stringify(object, (_key, value: unknown) =>
    value === null && known.definedBy === undefined ? undefined : value,
  )
  const applied: JsonObject = JSON.parse(text)
  if (known.statusSubresource) delete applied.status
  if (isJsonObject(applied.metadata)) for (const field of SERVER_FIELDS) delete applied.metadata[field]
  if (kindKey(known.group, known.kind) === '/Secret' && isJsonObject(applied.stringData)) {
    const data = isJsonObject(applied.data) ? applied.data : {}
    for (const [key, value] of Object.entries(applied.stringData))
      data[key] = Buffer.from(String(value)).toString('base64')
    applied.data = data
    delete applied.stringData
  }
  return applied
}

/** What the server refuses about the applied object, in its words; undefined when it accepts. */
export function refusalOfApplied(object: KubernetesObject, known: KnownKind): string | undefined {
  const name = object.metadata.name
  const shown = `${known.group === '' ? known.plural : `${known.plural}.${known.group}`} "${name}"`
  if (typeof name !== 'string' || name === '') return `${known.kind}: metadata.name: Required value: name is required`
  const pattern = known.kind === 'Namespace' || known.kind === 'Service' ? LABEL_NAME : SUBDOMAIN
  const limit = pattern === LABEL_NAME ? 63 : 253
  const free = known.group === 'rbac.authorization.k8s.io'
  if (!free && (!pattern.test(name) || name.length > limit))
    return `${shown} is invalid: metadata.name: Invalid value: "${name}"`
  if (free && (name.includes('/') || name === '.' || name === '..'))
    return `${shown} is invalid: metadata.name: Invalid value: "${name}"`
  for (const [key, value] of Object.entries(object.metadata.labels ?? {})) {
    if (typeof value !== 'string' || value.length > 63 || !LABEL_VALUE.test(value)) {
      return `${shown} is invalid: metadata.labels: Invalid value of label ${key}`
    }
  }
  return refusalByFields(object, undeclaredField(kindKey(known.group, known.kind), object))
}

/** The refusal of a field that the schema does not have, as server-side apply says it. */
export function refusalByFields(object: KubernetesObject, undeclared: string | undefined): string | undefined {
  if (undeclared === undefined) return undefined
  const { name, namespace = '' } = object.metadata
  const what = `${namespace}/${name}; ${object.apiVersion}, Kind=${object.kind}`
  return `failed to create typed patch object (${what}): ${undeclared}: field not declared in schema`
}

const WORKLOADS = new Set(['apps/Deployment', 'apps/StatefulSet', 'apps/DaemonSet', 'apps/ReplicaSet'])

/** What the server refuses about the object as it would stand; `before` is undefined on creation. */
export function refusalOfResult(
  after: JsonObject,
  before: JsonObject | undefined,
  known: KnownKind,
): string | undefined {
  const key = kindKey(known.group, known.kind)
  const shown = `${known.kind}${known.group === '' ? '' : `.${known.group}`} "${stringAt(after, 'metadata', 'name')}" is invalid`
  if (WORKLOADS.has(key)) {
    const labels = at(after, 'spec', 'selector', 'matchLabels')
    if (!isObject(at(after, 'spec', 'selector'))) return `${shown}: spec.selector: Required value`
    const podLabels = at(after, 'spec', 'template', 'metadata', 'labels')
    for (const [label, value] of Object.entries(isObject(labels) ? labels : {})) {
      if (at(podLabels, label) !== value)
        return `${shown}: spec.template.metadata.labels: Invalid value: \`selector\` does not match template \`labels\``
    }
    if (
      before !== undefined &&
      JSON.stringify(at(after, 'spec', 'selector')) !== JSON.stringify(at(before, 'spec', 'selector'))
    ) {
      return `${shown}: spec.selector: Invalid value: field is immutable`
    }
    const replicas = at(after, 'spec', 'replicas')
    if (replicas !== undefined && (!Number.isInteger(replicas) || (numberAt(after, 'spec', 'replicas') ?? 0) < 0)) {
      return `${shown}: spec.replicas: Invalid value: must be an integer that is not negative`
    }
  }
  const pod =
    WORKLOADS.has(key) || key === 'batch/Job' ? ['spec', 'template', 'spec'] : key === '/Pod' ? ['spec'] : undefined
  if (pod !== undefined) {
    const containers = listAt(after, ...pod, 'containers')
    if (containers.length === 0) return `${shown}: ${pod.join('.')}.containers: Required value`
    for (const [index, container] of containers.entries()) {
      for (const field of ['name', 'image']) {
        if ((stringAt(container, field) ?? '') === '')
          return `${shown}: ${pod.join('.')}.containers[${index}].${field}: Required value`
      }
    }
  }
  if (key === 'apiextensions.k8s.io/CustomResourceDefinition') {
    const made = kindOfDefinition(after)
    if (made === undefined) return `${shown}: spec: Required value: group, names, scope and a served version`
    if (made.definedBy !== `${made.plural}.${made.group}`)
      return `${shown}: metadata.name: must be spec.names.plural+"."+spec.group`
  }
  return undefined
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
