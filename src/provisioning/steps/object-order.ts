import type { KubernetesObject, ObjectRef } from '../../clusters/cluster.ts'
import { groupOf } from '../../clusters/fields.ts'

/** What must stand before what refers to it; a kind that is not named comes with the custom resources, before the workloads. */
const ORDER = [
  ['CustomResourceDefinition'],
  ['Namespace'],
  ['PriorityClass', 'StorageClass', 'IngressClass', 'RuntimeClass'],
  ['ServiceAccount', 'ResourceQuota', 'LimitRange'],
  ['ClusterRole', 'Role'],
  ['ClusterRoleBinding', 'RoleBinding'],
  ['NetworkPolicy', 'PodDisruptionBudget'],
  ['ConfigMap', 'Secret', 'PersistentVolume'],
  ['PersistentVolumeClaim', 'Service'],
  ['*'],
  ['DaemonSet', 'Deployment', 'StatefulSet', 'ReplicaSet', 'Job', 'CronJob', 'Pod'],
  ['HorizontalPodAutoscaler', 'Ingress', 'APIService'],
  ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'],
]

const RANKS = new Map(ORDER.flatMap((kinds, rank) => kinds.map((kind) => [kind, rank] as const)))
const OTHERS = RANKS.get('*') ?? 0

const rankOf = (object: { kind: string }): number => RANKS.get(object.kind) ?? OTHERS

/** One object whatever the version of its API; the same object in two versions has one key. */
export function keyOf(ref: ObjectRef): string {
  return JSON.stringify([groupOf(ref.apiVersion), ref.kind, ref.namespace ?? '', ref.name])
}

export function refOf(object: KubernetesObject): ObjectRef {
  const { name, namespace } = object.metadata
  return { apiVersion: object.apiVersion, kind: object.kind, ...(namespace !== undefined && { namespace }), name }
}

/** What names an object, without what else is known about it. */
export const plainRef = ({ apiVersion, kind, namespace, name }: ObjectRef): ObjectRef => ({
  apiVersion,
  kind,
  ...(namespace !== undefined && { namespace }),
  name,
})

/** For people: `Deployment ran/du`. */
export function nameOf(ref: ObjectRef): string {
  return ref.namespace === undefined ? `${ref.kind} ${ref.name}` : `${ref.kind} ${ref.namespace}/${ref.name}`
}

/** Stable: objects of one rank keep the order in which they were given. */
export function inApplyOrder<T extends { kind: string }>(objects: readonly T[]): T[] {
  return [...objects].sort((a, b) => rankOf(a) - rankOf(b))
}

/** The order of removal in waves; a wave is gone before the next one starts: custom resources need their controllers and definitions, and nothing outlives its namespace. */
export function removalWaves<T extends ObjectRef>(objects: readonly T[]): T[][] {
  const reversed = inApplyOrder(objects).reverse()
  const waves = [
    reversed.filter((object) => !isNamespace(object) && !isDefinition(object)),
    reversed.filter(isNamespace),
    reversed.filter(isDefinition),
  ]
  return waves.filter((wave) => wave.length > 0)
}

export const isNamespace = (ref: { apiVersion: string; kind: string }): boolean =>
  ref.kind === 'Namespace' && ref.apiVersion === 'v1'

export const isDefinition = (ref: { apiVersion: string; kind: string }): boolean =>
  ref.kind === 'CustomResourceDefinition' && groupOf(ref.apiVersion) === 'apiextensions.k8s.io'

const WORKLOADS = new Set([
  'apps/Deployment',
  'apps/StatefulSet',
  'apps/DaemonSet',
  'apps/ReplicaSet',
  'batch/Job',
  'batch/CronJob',
  '/Pod',
])

/** Kinds that make pods (or are one). */
export const isWorkload = (ref: { apiVersion: string; kind: string }): boolean =>
  WORKLOADS.has(`${groupOf(ref.apiVersion)}/${ref.kind}`)

const AT_REST = new Set([
  '/ConfigMap',
  '/Secret',
  '/ServiceAccount',
  '/ResourceQuota',
  '/LimitRange',
  'rbac.authorization.k8s.io/Role',
  'rbac.authorization.k8s.io/RoleBinding',
  'rbac.authorization.k8s.io/ClusterRole',
  'rbac.authorization.k8s.io/ClusterRoleBinding',
  'networking.k8s.io/NetworkPolicy',
  'scheduling.k8s.io/PriorityClass',
  'storage.k8s.io/StorageClass',
])

/** Kinds that are what they shall be as soon as they exist: nobody has to watch them. */
export const isAtRest = (ref: { apiVersion: string; kind: string }): boolean =>
  AT_REST.has(`${groupOf(ref.apiVersion)}/${ref.kind}`)
