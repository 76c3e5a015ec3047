import type { KubernetesObject } from '../../cluster.ts'
import { numberAt, stringAt } from '../../fields.ts'
import { condition, stamp } from './conditions.ts'
import { phaseOf } from './pod-status.ts'
import { obstacle } from './scheduling.ts'
import { counters, suffix, type WorkloadRules } from './workload-rules.ts'

export const STATEFUL_SETS: WorkloadRules = {
  kind: { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  wanted: (object) =>
    Array.from({ length: numberAt(object, 'spec', 'replicas') ?? 1 }, (_, number) => ({
      name: `${object.metadata.name}-${number}`,
    })),
  replacesGently: () => false,
  status: (object, { pods, updated, ready }) => ({
    observedGeneration: object.metadata.generation ?? 0,
    replicas: pods.length,
    ...counters({
      readyReplicas: ready,
      availableReplicas: ready,
      currentReplicas: updated.length,
      updatedReplicas: updated.length,
    }),
  }),
}

export const DAEMON_SETS: WorkloadRules = {
  kind: { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  wanted: (object, nodes) =>
    nodes
      .filter((node) => obstacle(node, {}, {}, podSpecOf(object)) === undefined)
      .map(({ metadata }) => ({ name: `${object.metadata.name}-${metadata.name}`, node: metadata.name })),
  replacesGently: () => false,
  status: (object, { pods, updated, ready }, wanted) => ({
    observedGeneration: object.metadata.generation ?? 0,
    desiredNumberScheduled: wanted,
    currentNumberScheduled: pods.length,
    numberMisscheduled: 0,
    numberReady: ready,
    ...counters({
      numberAvailable: ready,
      updatedNumberScheduled: updated.length,
      numberUnavailable: Math.max(wanted - ready, 0),
    }),
  }),
}

/** Jobs whose pods all run at once; the first that fails ends it. */
export const JOBS: WorkloadRules = {
  kind: { apiVersion: 'batch/v1', kind: 'Job' },
  wanted: (object) =>
    Array.from({ length: numberAt(object, 'spec', 'completions') ?? 1 }, (_, number) => ({
      name: `${object.metadata.name}-${suffix(number)}`,
    })),
  replacesGently: () => false,
  status(object, { pods, ready }, wanted) {
    const succeeded = pods.filter((pod) => phaseOf(pod) === 'Succeeded').length
    const startTime = stringAt(object, 'status', 'startTime') ?? stamp()
    const counts = counters({ active: pods.length - succeeded, ready, succeeded })
    const failed = pods.filter((pod) => phaseOf(pod) === 'Failed').length
    if (failed > 0) {
      const why = condition(
        object,
        'Failed',
        'True',
        'BackoffLimitExceeded',
        'Job has reached the specified backoff limit',
      )
      return { startTime, ...counters({ ready, succeeded, failed }), conditions: [why] }
    }
    if (succeeded < wanted) return { startTime, ...counts }
    const completionTime = stringAt(object, 'status', 'completionTime') ?? stamp()
    return {
      startTime,
      completionTime,
      ...counts,
      conditions: [
        condition(object, 'Complete', 'True', 'CompletionsReached', 'Reached expected number of succeeded pods'),
      ],
    }
  },
}

function podSpecOf(object: KubernetesObject): unknown {
  const template = object.spec?.template
  return typeof template === 'object' && template !== null && 'spec' in template ? template.spec : undefined
}
