import type { JsonObject } from '../../../json.ts'
import type { KubernetesObject } from '../../cluster.ts'
import { conditionOf, listAt, stringAt } from '../../fields.ts'
import { condition, stamp } from './conditions.ts'

export function phaseOf(pod: KubernetesObject): string {
  return stringAt(pod, 'status', 'phase') ?? 'Pending'
}

export function isReady(pod: KubernetesObject): boolean {
  return phaseOf(pod) === 'Running' && conditionOf(pod, 'Ready')?.status === 'True'
}

/** Why no node takes the pod; undefined when that is not what it waits for. */
export function unscheduledReason(pod: KubernetesObject): string | undefined {
  const scheduled = conditionOf(pod, 'PodScheduled')
  return scheduled?.status === 'False' ? scheduled.message : undefined
}

export function pendingStatus(pod: KubernetesObject, reason: string): JsonObject {
  return { phase: 'Pending', conditions: [condition(pod, 'PodScheduled', 'False', 'Unschedulable', reason)] }
}

export function runningStatus(pod: KubernetesObject): JsonObject {
  const now = stamp()
  const address = addressOf(pod)
  return {
    phase: 'Running',
    startTime: now,
    hostIP: '172.18.0.2',
    podIP: address,
    podIPs: [{ ip: address }],
    conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) =>
      condition(pod, type, 'True', 'Simulated', ''),
    ),
    containerStatuses: containers(pod, { running: { startedAt: now } }, true),
  }
}

export function succeededStatus(pod: KubernetesObject): JsonObject {
  const terminated = { exitCode: 0, reason: 'Completed', finishedAt: stamp() }
  return {
    ...pod.status,
    phase: 'Succeeded',
    conditions: [
      condition(pod, 'PodScheduled', 'True', 'Simulated', ''),
      condition(pod, 'Ready', 'False', 'PodCompleted', ''),
    ],
    containerStatuses: containers(pod, { terminated }, false),
  }
}

function containers(pod: KubernetesObject, state: JsonObject, ready: boolean): JsonObject[] {
  return listAt(pod, 'spec', 'containers').map((container) => ({
    name: stringAt(container, 'name') ?? '',
    image: stringAt(container, 'image') ?? '',
    imageID: '',
    ready,
    started: ready,
    restartCount: 0,
    state,
  }))
}

/** An address of the pod network, the same for the same uid. */
function addressOf({ metadata }: KubernetesObject): string {
  const bits = Number.parseInt((metadata.uid ?? '0').replaceAll('-', '').slice(0, 4), 16) || 0
  return `10.244.${bits >> 8}.${bits & 0xff || 1}`
}
