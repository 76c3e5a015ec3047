import type { JsonObject, JsonValue } from '../../json.ts'
import type { KubernetesObject } from '../cluster.ts'
import { at, isObject, numberAt, stringAt } from '../fields.ts'
import { type KnownKind, kindKey, kindOfDefinition } from './kinds.ts'
import { undeclaredField } from './typed-fields.ts'
import { networkPolicyFaults } from './validation/network-policies.ts'
import { amountsOfPods, podFaults } from './validation/pod-specs.ts'
import { unreadableAmount } from './validation/quantities.ts'
import { quotaFaults } from './validation/resource-quotas.ts'

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

/** What the server refuses about the object as it would stand; `before` is undefined on creation. */
export function refusalOfResult(
  after: JsonObject,
  before: JsonObject | undefined,
  known: KnownKind,
): string | undefined {
  const key = kindKey(known.group, known.kind)
  const name = stringAt(after, 'metadata', 'name')
  const unreadable = unreadableAmount([...amountsOfPods(key, after), key === QUOTA ? at(after, 'spec', 'hard') : {}])
  if (unreadable !== undefined) {
    const type = `${after.apiVersion}, Kind=${known.kind}`
    const what = `${stringAt(after, 'metadata', 'namespace') ?? ''}/${name}; ${type}`
    return `failed to convert new object (${what}) to proper version: unable to convert unstructured object to ${type}: ${unreadable}`
  }
  const faults = [
    ...workloadFaults(key, after, before),
    ...podFaults(key, after),
    ...(key === QUOTA ? quotaFaults(after) : []),
    ...(key === 'networking.k8s.io/NetworkPolicy' ? networkPolicyFaults(after) : []),
    ...(key === 'apiextensions.k8s.io/CustomResourceDefinition' ? definitionFaults(after) : []),
  ]
  if (faults.length === 0) return undefined
  const group = known.group === '' ? '' : `.${known.group}`
  const told = faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`
  return `${known.kind}${group} "${name}" is invalid: ${told}`
}

const QUOTA = '/ResourceQuota'
const WORKLOADS = new Set(['apps/Deployment', 'apps/StatefulSet', 'apps/DaemonSet', 'apps/ReplicaSet'])

function workloadFaults(key: string, after: JsonObject, before: JsonObject | undefined): string[] {
  if (!WORKLOADS.has(key)) return []
  const selector = at(after, 'spec', 'selector')
  if (!isObject(selector)) return ['spec.selector: Required value']
  const labels = at(selector, 'matchLabels')
  const podLabels = at(after, 'spec', 'template', 'metadata', 'labels')
  const unmatched = Object.entries(isObject(labels) ? labels : {}).some(
    ([label, value]) => at(podLabels, label) !== value,
  )
  const replicas = at(after, 'spec', 'replicas')
  return [
    ...(unmatched ? ['spec.template.metadata.labels: Invalid value: `selector` does not match template `labels`'] : []),
    ...(before !== undefined && JSON.stringify(selector) !== JSON.stringify(at(before, 'spec', 'selector'))
      ? ['spec.selector: Invalid value: field is immutable']
      : []),
    ...(replicas !== undefined && (!Number.isInteger(replicas) || (numberAt(after, 'spec', 'replicas') ?? 0) < 0)
      ? ['spec.replicas: Invalid value: must be an integer that is not negative']
      : []),
  ]
}

function definitionFaults(after: JsonObject): string[] {
  const made = kindOfDefinition(after)
  if (made === undefined) return ['spec: Required value: group, names, scope and a served version']
  return made.definedBy === `${made.plural}.${made.group}`
    ? []
    : ['metadata.name: must be spec.names.plural+"."+spec.group']
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
