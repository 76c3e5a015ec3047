import type { JsonObject } from '../../../json.ts'
import type { KubernetesObject } from '../../cluster.ts'
import { conditionOf, listAt, numberAt, stringAt } from '../../fields.ts'
import { condition, stamp } from './conditions.ts'
import { type Census, counters, suffix, type WorkloadRules } from './workload-rules.ts'

const replicasOf = (object: KubernetesObject): number => numberAt(object, 'spec', 'replicas') ?? 1

/** Deployments without the ReplicaSets between: their pods are their own. */
export const DEPLOYMENTS: WorkloadRules = {
  kind: { apiVersion: 'apps/v1', kind: 'Deployment' },
  wanted: (object, _nodes, hash) =>
    Array.from({ length: replicasOf(object) }, (_, number) => ({
      name: `${object.metadata.name}-${hash}-${suffix(number)}`,
    })),
  replacesGently: (object) => stringAt(object, 'spec', 'strategy', 'type') !== 'Recreate',
  status(object, census, wanted) {
    const counts = counters({
      replicas: census.pods.length,
      updatedReplicas: census.updated.length,
      readyReplicas: census.ready,
      availableReplicas: census.ready,
      unavailableReplicas: Math.max(wanted - census.ready, 0),
    })
    const observedGeneration = object.metadata.generation ?? 0
    return {
      observedGeneration,
      ...counts,
      conditions: [available(object, census, wanted), progressing(object, census, wanted, counts)],
    }
  },
}

export const REPLICA_SETS: WorkloadRules = {
  kind: { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  wanted: (object) =>
    Array.from({ length: replicasOf(object) }, (_, number) => ({ name: `${object.metadata.name}-${suffix(number)}` })),
  replacesGently: () => false,
  status: (object, { pods, ready }) => ({
    observedGeneration: object.metadata.generation ?? 0,
    ...counters({
      replicas: pods.length,
      fullyLabeledReplicas: pods.length,
      readyReplicas: ready,
      availableReplicas: ready,
    }),
  }),
}

function available(object: KubernetesObject, census: Census, wanted: number): JsonObject {
  const enough = census.ready >= wanted - Math.floor(wanted / 4)
  if (enough)
    return condition(object, 'Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.')
  const why = census.reason === undefined ? '' : ` A pod is Unschedulable: ${census.reason}`
  return condition(
    object,
    'Available',
    'False',
    'MinimumReplicasUnavailable',
    `Deployment does not have minimum availability.${why}`,
  )
}

function progressing(object: KubernetesObject, census: Census, wanted: number, counts: JsonObject): JsonObject {
  const name = object.metadata.name
  const done = census.updatedReady >= wanted && census.pods.length === wanted
  if (done)
    return dated(
      object,
      counts,
      condition(
        object,
        'Progressing',
        'True',
        'NewReplicaSetAvailable',
        `Deployment "${name}" has successfully progressed.`,
      ),
    )
  if (stalledMs(object) > 0)
    return dated(
      object,
      counts,
      condition(object, 'Progressing', 'True', 'ReplicaSetUpdated', `Deployment "${name}" is progressing.`),
    )
  return dated(
    object,
    counts,
    condition(
      object,
      'Progressing',
      'False',
      'ProgressDeadlineExceeded',
      `Deployment "${name}" has timed out progressing.`,
    ),
  )
}

/** Milliseconds that the Deployment has left to make progress; not positive when it has stood still too long. */
export function stalledMs(object: KubernetesObject): number {
  const since = listAt(object, 'status', 'conditions').find((entry) => stringAt(entry, 'type') === 'Progressing')
  const limit = (numberAt(object, 'spec', 'progressDeadlineSeconds') ?? 600) * 1000
  const last = Date.parse(stringAt(since, 'lastUpdateTime') ?? '')
  const observed = numberAt(object, 'status', 'observedGeneration')
  if (
    Number.isNaN(last) ||
    observed !== object.metadata.generation ||
    conditionOf(object, 'Progressing')?.reason === 'NewReplicaSetAvailable'
  )
    return limit
  return last + limit - Date.now()
}

/** lastUpdateTime moves when something has moved. */
function dated(object: KubernetesObject, counts: JsonObject, made: JsonObject): JsonObject {
  const before = listAt(object, 'status', 'conditions').find((entry) => stringAt(entry, 'type') === 'Progressing')
  const moved = ['replicas', 'updatedReplicas', 'readyReplicas'].some(
    (key) => numberAt(object, 'status', key) !== counts[key],
  )
  const same =
    stringAt(before, 'reason') === made.reason &&
    numberAt(object, 'status', 'observedGeneration') === object.metadata.generation
  const last = stringAt(before, 'lastUpdateTime')
  return { ...made, lastUpdateTime: same && !moved && last !== undefined ? last : stamp() }
}
