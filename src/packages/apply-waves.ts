import type { KubernetesObject } from '../clusters/cluster.ts'
import { groupOf } from '../clusters/fields.ts'
import { ServiceError } from '../errors.ts'

/** The annotation by which an object of a package says that others have to be ready first. */
const DEPENDS_ON = 'config.kubernetes.io/depends-on'

const FIRST = [
  'CustomResourceDefinition',
  'Namespace',
  'ServiceAccount',
  'ConfigMap',
  'Secret',
  'PersistentVolumeClaim',
  'Service',
]
const LAST = [
  'StatefulSet',
  'Deployment',
  'DaemonSet',
  'ReplicaSet',
  'Job',
  'CronJob',
  'Pod',
  'HorizontalPodAutoscaler',
  'Ingress',
]

/** What stands before what needs it; kinds that are not named come between. */
export function rankOf(kind: string): number {
  const early = FIRST.indexOf(kind)
  return early >= 0 ? early : FIRST.length + 1 + LAST.indexOf(kind)
}

/** One name for an object, whatever its version. */
export function entryKey(group: string, kind: string, namespace: string, name: string): string {
  return `${group}/${namespace}/${kind}/${name}`
}

export function keyOfObject({ apiVersion, kind, metadata }: KubernetesObject): string {
  return entryKey(groupOf(apiVersion), kind, metadata.namespace ?? '', metadata.name)
}

/**
 * The objects in the order of their application: a wave is ready before the next one starts. All in one wave unless something depends on something.
 * @throws ServiceError APPLY_FAILED when objects depend on each other, or on what the package does not have
 */
export function applyWaves(objects: readonly KubernetesObject[]): KubernetesObject[][] {
  const waves: KubernetesObject[][] = []
  const known = new Set(objects.map(keyOfObject))
  const done = new Set<string>()
  let rest = [...objects].sort((a, b) => rankOf(a.kind) - rankOf(b.kind))
  while (rest.length > 0) {
    const wave = rest.filter((object) => dependenciesOf(object).every((key) => done.has(key)))
    const [stuck] = rest
    if (wave.length === 0 && stuck !== undefined) throw unreachable(stuck, known)
    for (const object of wave) done.add(keyOfObject(object))
    rest = rest.filter((object) => !done.has(keyOfObject(object)))
    waves.push(wave)
  }
  return waves
}

/** `group/Kind/name` or `group/namespaces/namespace/Kind/name`, joined by commas; the core group is empty. */
function dependenciesOf({ metadata }: KubernetesObject): string[] {
  const text = metadata.annotations?.[DEPENDS_ON] ?? ''
  return text
    .split(',')
    .map((part) => part.trim().split('/'))
    .filter((parts) => parts.length >= 3)
    .map((parts) => {
      const [group = '', second = '', third = '', kind = '', name = ''] = parts
      return second === 'namespaces' && parts.length === 5
        ? entryKey(group, kind, third, name)
        : entryKey(group, second, '', third)
    })
}

function unreachable(object: KubernetesObject, known: ReadonlySet<string>): ServiceError {
  const missing = dependenciesOf(object).find((key) => !known.has(key))
  const why =
    missing === undefined
      ? 'depends on itself by way of others'
      : `depends on ${missing}, which the package does not have`
  return new ServiceError('APPLY_FAILED', `${object.kind} "${object.metadata.name}" ${why}`)
}
