import type { KubernetesObject } from '../clusters/cluster.ts'
import { at, groupOf, listAt, numberAt, stringAt } from '../clusters/fields.ts'
import { type Billionths, formatQuantity, parseQuantity } from '../clusters/quantity.ts'
import { ServiceError } from '../errors.ts'

/** What the pods of a package ask for, as quantities. */
export interface PodRequests {
  cpu: string
  memory: string
  pods: string
}

interface Amount {
  cpu: Billionths
  memory: Billionths
}

const NOTHING: Amount = { cpu: 0n, memory: 0n }

/**
 * The sum over all workloads: what one pod asks for, times the pods. `nodes` is how many pods a DaemonSet has. A CronJob counts as one run.
 * @throws ServiceError INVALID_ARGS for what is no quantity
 */
export function requestsOf(objects: readonly KubernetesObject[], nodes = 1): PodRequests {
  return totalOf(objects, nodes, requestOf)
}

/** As `requestsOf`, of the limits: what the pods may take at most; a container without a limit counts nothing. */
export function limitsOf(objects: readonly KubernetesObject[], nodes = 1): PodRequests {
  return totalOf(objects, nodes, (container, resource) => quantityAt(container, 'resources', 'limits', resource) ?? 0n)
}

/** The containers of a workload's pods. */
export function containersOf(object: KubernetesObject): unknown[] {
  const podSpec = workloadOf(object, 1)?.podSpec
  return [...listAt(podSpec, 'initContainers'), ...listAt(podSpec, 'containers')]
}

type Asked = (container: unknown, resource: keyof Amount) => Billionths

function totalOf(objects: readonly KubernetesObject[], nodes: number, asked: Asked): PodRequests {
  let sum = NOTHING
  let pods = 0
  for (const object of objects) {
    const workload = workloadOf(object, nodes)
    if (workload === undefined) continue
    pods += workload.count
    sum = add(sum, times(podAmount(workload.podSpec, asked), workload.count))
  }
  return { cpu: formatQuantity(sum.cpu), memory: formatQuantity(sum.memory, true), pods: String(pods) }
}

/** The pod template of a workload and how many pods it makes; undefined for what makes none. */
function workloadOf(object: KubernetesObject, nodes: number): { podSpec: unknown; count: number } | undefined {
  const { spec } = object
  const podSpec = at(spec, 'template', 'spec')
  switch (`${groupOf(object.apiVersion)}/${object.kind}`) {
    case '/Pod':
      return { podSpec: spec, count: 1 }
    case 'apps/DaemonSet':
      return { podSpec, count: nodes }
    case 'apps/Deployment':
    case 'apps/StatefulSet':
    case 'apps/ReplicaSet':
    case '/ReplicationController':
      return { podSpec, count: countAt(object, 'replicas') }
    case 'batch/Job':
      return { podSpec, count: podsOfJob(spec) }
    case 'batch/CronJob': {
      const job = at(spec, 'jobTemplate', 'spec')
      return { podSpec: at(job, 'template', 'spec'), count: podsOfJob(job) }
    }
    default:
      return undefined
  }
}

/** @throws ServiceError INVALID_ARGS for what is no whole number of pods */
function countAt(object: KubernetesObject, field: string): number {
  const count = at(object.spec, field) ?? 1
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0) return count
  throw new ServiceError(
    'INVALID_ARGS',
    `spec.${field} of ${object.kind} ${object.metadata.name} is ${JSON.stringify(count)} and must be a whole number from 0 on`,
  )
}

function podsOfJob(spec: unknown): number {
  const parallelism = numberAt(spec, 'parallelism') ?? 1
  return Math.min(parallelism, numberAt(spec, 'completions') ?? parallelism)
}

/**
 * The scheduler's rule: the containers together, or the init container that asks for most at its turn (beside the sidecars that were started before
 * it), whichever is more; and the overhead.
 */
function podAmount(podSpec: unknown, asked: Asked): Amount {
  const amountOf = (container: unknown): Amount => ({
    cpu: asked(container, 'cpu'),
    memory: asked(container, 'memory'),
  })
  let running = NOTHING
  let highest = NOTHING
  for (const container of listAt(podSpec, 'initContainers')) {
    const amount = amountOf(container)
    highest = most(highest, add(running, amount))
    if (stringAt(container, 'restartPolicy') === 'Always') running = add(running, amount)
  }
  for (const container of listAt(podSpec, 'containers')) running = add(running, amountOf(container))
  const overhead = { cpu: quantityAt(podSpec, 'overhead', 'cpu'), memory: quantityAt(podSpec, 'overhead', 'memory') }
  return add(most(highest, running), { cpu: overhead.cpu ?? 0n, memory: overhead.memory ?? 0n })
}

/** Where only a limit stands, the API server makes it the request. */
const requestOf: Asked = (container, resource) =>
  quantityAt(container, 'resources', 'requests', resource) ??
  quantityAt(container, 'resources', 'limits', resource) ??
  0n

function quantityAt(value: unknown, ...path: string[]): Billionths | undefined {
  const found = at(value, ...path)
  return typeof found === 'string' || typeof found === 'number' ? parseQuantity(String(found)) : undefined
}

const add = (a: Amount, b: Amount): Amount => ({ cpu: a.cpu + b.cpu, memory: a.memory + b.memory })
const most = (a: Amount, b: Amount): Amount => ({ cpu: larger(a.cpu, b.cpu), memory: larger(a.memory, b.memory) })
const times = (a: Amount, count: number): Amount => ({ cpu: a.cpu * BigInt(count), memory: a.memory * BigInt(count) })

function larger(a: Billionths, b: Billionths): Billionths {
  if (a > b) return a
  return b
}
