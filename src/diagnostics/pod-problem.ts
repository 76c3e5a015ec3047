import type { KubernetesObject } from '../clusters/cluster.ts'
import { badEndOf } from '../clusters/container-end.ts'
import { at, conditionOf, listAt, numberAt, stringAt } from '../clusters/fields.ts'
import { isCurrent } from '../clusters/readiness.ts'
import type { PodFinding } from './schema.ts'
import { whyUnschedulable } from './unschedulable.ts'

export type PodProblem = Pick<PodFinding, 'problem' | 'message' | 'container' | 'image' | 'exitCode' | 'restarts'> & {
  /** It runs again: what it said last was said by the one before. */
  runsAgain?: true
}

const CANNOT_PULL = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
])
const CANNOT_CONFIGURE = new Set(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'])

/** Why a pod does not run, from its status alone; undefined when it runs, has done its work, or is on its way out. */
export function problemOf(pod: KubernetesObject): PodProblem | undefined {
  if (pod.metadata.deletionTimestamp !== undefined || isCurrent(pod).current) return undefined
  const scheduled = conditionOf(pod, 'PodScheduled')
  if (scheduled?.status === 'False' && scheduled.reason !== 'SchedulingGated')
    return unscheduled(scheduled.message ?? scheduled.reason ?? 'no node takes it')
  const statuses = [...listAt(pod, 'status', 'initContainerStatuses'), ...listAt(pod, 'status', 'containerStatuses')]
  const problems = statuses.map(problemOfContainer).filter((problem) => problem !== undefined)
  return (
    problems.find(({ problem }) => problem !== 'other') ??
    problems[0] ?? { problem: 'other', message: stringAt(pod, 'status', 'message') ?? isCurrent(pod).message }
  )
}

const unscheduled = (message: string): PodProblem => ({ problem: whyUnschedulable(message) ?? 'other', message })

function problemOfContainer(status: unknown): PodProblem | undefined {
  const container = stringAt(status, 'name')
  const image = stringAt(status, 'image')
  const restarts = numberAt(status, 'restartCount') ?? 0
  const common = { container, image, ...(restarts > 0 && { restarts }) }
  const reason = stringAt(status, 'state', 'waiting', 'reason')
  const words = stringAt(status, 'state', 'waiting', 'message')
  const told = [reason, words].filter(Boolean).join(': ')
  if (reason !== undefined && CANNOT_PULL.has(reason)) return { problem: 'image', message: told, ...common }
  if (reason !== undefined && CANNOT_CONFIGURE.has(reason))
    return { problem: 'configuration', message: told, ...common }
  const ended = endOf(status)
  const runsAgain = stringAt(status, 'state', 'running', 'startedAt') !== undefined
  if (ended) return { problem: 'crash', ...common, ...ended, ...(runsAgain && { runsAgain }) }
  if (reason === undefined || reason === 'ContainerCreating' || reason === 'PodInitializing') return undefined
  return { problem: 'other', message: told, ...common }
}

/** How a container that does not run ended last; undefined when that was well. */
function endOf(status: unknown): { message: string; exitCode?: number } | undefined {
  const state = stringAt(status, 'state', 'running', 'startedAt') === undefined ? 'state' : 'none'
  const end = badEndOf(at(status, state)) ?? badEndOf(at(status, 'lastState'))
  if (end) return end
  return stringAt(status, 'state', 'waiting', 'reason') === 'CrashLoopBackOff'
    ? { message: stringAt(status, 'state', 'waiting', 'message') ?? 'ends again and again' }
    : undefined
}
