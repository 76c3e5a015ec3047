import type { KubernetesObject } from './cluster.ts'
import { type Condition, conditionOf, groupOf, listAt, numberAt, stringAt } from './fields.ts'

/** Whether an object is what its spec asks for. `failed`: it will not become so by waiting. */
export interface Readiness {
  current: boolean
  failed: boolean
  message: string
}

const ready = (message: string): Readiness => ({ current: true, failed: false, message })
const waiting = (message: string): Readiness => ({ current: false, failed: false, message })
const broken = (message: string): Readiness => ({ current: false, failed: true, message })

/**
 * The rules of kstatus, which kpt also follows, so that every driver means the same by "ready". A Job is current once it has started;
 * a pod that no node can take is not a failure yet, because capacity may come.
 */
export function isCurrent(object: KubernetesObject): Readiness {
  if (object.metadata.deletionTimestamp !== undefined) return waiting('is being deleted')
  const observed = numberAt(object, 'status', 'observedGeneration')
  const generation = object.metadata.generation
  if (observed !== undefined && generation !== undefined && observed < generation) {
    return waiting(`generation ${generation} is not observed yet`)
  }
  const rule = RULES[`${groupOf(object.apiVersion)}/${object.kind}`]
  return rule === undefined ? generic(object) : rule(object)
}

const RULES: Record<string, (object: KubernetesObject) => Readiness> = {
  'apps/Deployment': deployment,
  'apps/StatefulSet': statefulSet,
  'apps/DaemonSet': daemonSet,
  'apps/ReplicaSet': replicaSet,
  'batch/Job': job,
  '/Pod': pod,
  '/PersistentVolumeClaim': (object) => phase(object, 'Bound'),
  '/Namespace': (object) => phase(object, 'Active'),
  '/Node': node,
  '/Service': service,
  'apiextensions.k8s.io/CustomResourceDefinition': customResourceDefinition,
}

function deployment(object: KubernetesObject): Readiness {
  const progressing = conditionOf(object, 'Progressing')
  if (progressing?.reason === 'ProgressDeadlineExceeded') return broken(told(progressing, 'progress deadline exceeded'))
  if (numberAt(object, 'status', 'observedGeneration') === undefined) return waiting('not observed yet')
  const wanted = numberAt(object, 'spec', 'replicas') ?? 1
  const total = numberAt(object, 'status', 'replicas') ?? 0
  const updated = numberAt(object, 'status', 'updatedReplicas') ?? 0
  const available = numberAt(object, 'status', 'availableReplicas') ?? 0
  if (updated < wanted) return waiting(`${updated} of ${wanted} replicas updated`)
  if (total > updated) return waiting(`${total - updated} old replicas are being ended`)
  const condition = conditionOf(object, 'Available')
  if (available < wanted) {
    const why = condition?.status === 'False' && condition.message ? ` (${condition.message})` : ''
    return waiting(`${available} of ${wanted} replicas available${why}`)
  }
  if (condition?.status !== 'True') return waiting(told(condition, 'is not Available'))
  return ready(`${available} of ${wanted} replicas available`)
}

function statefulSet(object: KubernetesObject): Readiness {
  if (stringAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete') return ready('updated when pods are deleted')
  if (numberAt(object, 'status', 'observedGeneration') === undefined) return waiting('not observed yet')
  const wanted = numberAt(object, 'spec', 'replicas') ?? 1
  const total = numberAt(object, 'status', 'replicas') ?? 0
  const readyReplicas = numberAt(object, 'status', 'readyReplicas') ?? 0
  const updated = numberAt(object, 'status', 'updatedReplicas') ?? 0
  if (total < wanted) return waiting(`${total} of ${wanted} replicas made`)
  if (total > wanted) return waiting(`${total - wanted} replicas too many`)
  if (readyReplicas < wanted) return waiting(`${readyReplicas} of ${wanted} replicas ready`)
  const held = numberAt(object, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0
  const toUpdate = Math.max(wanted - held, 0)
  if (updated < toUpdate) return waiting(`${updated} of ${toUpdate} replicas updated`)
  return ready(`${readyReplicas} of ${wanted} replicas ready`)
}

function daemonSet(object: KubernetesObject): Readiness {
  if (numberAt(object, 'status', 'observedGeneration') === undefined) return waiting('not observed yet')
  const wanted = numberAt(object, 'status', 'desiredNumberScheduled')
  if (wanted === undefined) return waiting('no node counted yet')
  const updated = numberAt(object, 'status', 'updatedNumberScheduled') ?? 0
  const available = numberAt(object, 'status', 'numberAvailable') ?? 0
  if (updated < wanted) return waiting(`updated on ${updated} of ${wanted} nodes`)
  if (available < wanted) return waiting(`available on ${available} of ${wanted} nodes`)
  return ready(`available on ${available} of ${wanted} nodes`)
}

function replicaSet(object: KubernetesObject): Readiness {
  const failure = conditionOf(object, 'ReplicaFailure')
  if (failure?.status === 'True') return waiting(told(failure, 'replicas cannot be made'))
  if (numberAt(object, 'status', 'observedGeneration') === undefined) return waiting('not observed yet')
  const wanted = numberAt(object, 'spec', 'replicas') ?? 1
  const total = numberAt(object, 'status', 'replicas') ?? 0
  const available = numberAt(object, 'status', 'availableReplicas') ?? 0
  if (total > wanted) return waiting(`${total - wanted} replicas too many`)
  if (available < wanted) return waiting(`${available} of ${wanted} replicas available`)
  return ready(`${available} of ${wanted} replicas available`)
}

function job(object: KubernetesObject): Readiness {
  const failed = conditionOf(object, 'Failed')
  if (failed?.status === 'True') return broken(told(failed, 'failed'))
  const complete = conditionOf(object, 'Complete')
  if (complete?.status === 'True') return ready(told(complete, 'complete'))
  return stringAt(object, 'status', 'startTime') === undefined ? waiting('not started yet') : ready('started')
}

function pod(object: KubernetesObject): Readiness {
  const current = stringAt(object, 'status', 'phase')
  if (current === 'Succeeded') return ready('succeeded')
  if (current === 'Failed') return broken(stringAt(object, 'status', 'message') ?? 'failed')
  if (current === 'Running') {
    const condition = conditionOf(object, 'Ready')
    if (condition?.status === 'True') return ready('running and ready')
    const looping = containerWaiting(object, 'CrashLoopBackOff')
    return looping === undefined
      ? waiting(told(condition, 'running, not ready'))
      : broken(`${looping} is crash looping`)
  }
  const scheduled = conditionOf(object, 'PodScheduled')
  return waiting(scheduled?.status === 'False' ? told(scheduled, 'not scheduled') : 'pending')
}

function containerWaiting(object: KubernetesObject, reason: string): string | undefined {
  const found = [
    ...listAt(object, 'status', 'initContainerStatuses'),
    ...listAt(object, 'status', 'containerStatuses'),
  ].find((container) => stringAt(container, 'state', 'waiting', 'reason') === reason)
  return found === undefined ? undefined : `container ${stringAt(found, 'name') ?? '?'}`
}

function phase(object: KubernetesObject, wanted: string): Readiness {
  const current = stringAt(object, 'status', 'phase')
  return current === wanted ? ready(wanted) : waiting(`is ${current ?? 'new'}, not ${wanted}`)
}

function node(object: KubernetesObject): Readiness {
  const condition = conditionOf(object, 'Ready')
  return condition?.status === 'True' ? ready('Ready') : waiting(told(condition, 'is not Ready'))
}

function service(object: KubernetesObject): Readiness {
  const needsAddress = stringAt(object, 'spec', 'type') === 'LoadBalancer'
  const address = stringAt(object, 'spec', 'clusterIP') ?? ''
  return needsAddress && address === '' ? waiting('has no address yet') : ready('is ready')
}

function customResourceDefinition(object: KubernetesObject): Readiness {
  const names = conditionOf(object, 'NamesAccepted')
  if (names?.status === 'False') return broken(told(names, 'its names are taken'))
  const established = conditionOf(object, 'Established')
  if (established?.status === 'True') return ready('Established')
  if (established?.status === 'False' && established.reason !== 'Installing') {
    return broken(told(established, 'cannot be established'))
  }
  return waiting('is not Established yet')
}

/** Any other kind: `Stalled`, `Reconciling` and `Ready` where it has them, else what was applied is current. */
function generic(object: KubernetesObject): Readiness {
  const stalled = conditionOf(object, 'Stalled')
  if (stalled?.status === 'True') return broken(told(stalled, 'is stalled'))
  const reconciling = conditionOf(object, 'Reconciling')
  if (reconciling?.status === 'True') return waiting(told(reconciling, 'is reconciling'))
  const condition = conditionOf(object, 'Ready')
  if (condition === undefined || condition.status === 'True') return ready('is current')
  return waiting(told(condition, 'is not Ready'))
}

function told(condition: Condition | undefined, otherwise: string): string {
  if (condition === undefined) return otherwise
  const text = condition.message ?? ''
  if (text !== '') return condition.reason === undefined ? text : `${condition.reason}: ${text}`
  return condition.reason === undefined ? otherwise : `${otherwise} (${condition.reason})`
}
