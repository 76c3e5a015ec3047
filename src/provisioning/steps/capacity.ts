import type { KubernetesObject } from '../../clusters/cluster.ts'
import { at, listAt, stringAt } from '../../clusters/fields.ts'
import { OWNER_LABEL } from '../../clusters/ownership.ts'
import { addQuantities, compareQuantities, subtractQuantities } from '../../clusters/quantity.ts'
import { isCurrent } from '../../clusters/readiness.ts'
import { type PodRequests, requestsOf } from '../../packages/requests.ts'
import { isWorkload, nameOf, refOf } from './object-order.ts'

type Resource = keyof PodRequests
const RESOURCES: Resource[] = ['cpu', 'memory', 'pods']

/** What the O-Cloud holds, as it was read. */
export interface Occupancy {
  nodes: readonly KubernetesObject[]
  pods: readonly KubernetesObject[]
}

/**
 * Why these objects find no place, one sentence for each resource; empty when they do. Counts on every node that takes pods what it offers less what the pods on it ask for;
 * pods that this request has in that namespace already do not count: they are what the new ones replace.
 */
export function shortages(
  wanted: readonly KubernetesObject[],
  occupancy: Occupancy,
  own: { reference: string; namespace: string },
): string[] {
  const nodes = usableNodes(occupancy.nodes, wanted.some(hasTolerations))
  const others = occupancy.pods.filter((pod) => isRunning(pod) && !isOwn(pod, own))
  const free = nodes.map((node) => freeOn(node, others))
  const asked = requestsOf(wanted, nodes.length)
  const total = together(free)
  const short = RESOURCES.filter((resource) => compareQuantities(asked[resource], total[resource]) > 0)
  if (short.length > 0)
    return short.map((resource) => `${resource}: ${asked[resource]} asked for, ${total[resource]} free`)
  return wanted.filter(isWorkload).flatMap((object) => noRoomFor(object, free))
}

/** A single pod cannot be spread over nodes. */
function noRoomFor(object: KubernetesObject, free: readonly PodRequests[]): string[] {
  const one = requestsOf([withOnePod(object)])
  const fits = (node: PodRequests): boolean =>
    RESOURCES.every((resource) => compareQuantities(one[resource], node[resource]) <= 0)
  if (one.pods === '0' || free.some(fits)) return []
  const best = free.map((node) => `cpu ${node.cpu}, memory ${node.memory}`).join('; ')
  return [
    `${nameOf(refOf(object))}: a pod asks for cpu ${one.cpu}, memory ${one.memory}, and no node has that free (${best})`,
  ]
}

function withOnePod(object: KubernetesObject): KubernetesObject {
  const { spec } = object
  if (spec === undefined) return object
  if ('replicas' in spec) return { ...object, spec: { ...spec, replicas: Math.min(1, Number(spec.replicas)) } }
  return { ...object, spec: { ...spec, ...(object.kind === 'Job' && { parallelism: 1 }) } }
}

function usableNodes(nodes: readonly KubernetesObject[], tolerant: boolean): KubernetesObject[] {
  return nodes.filter((node) => {
    if (at(node, 'spec', 'unschedulable') === true || !isCurrent(node).current) return false
    const effects = listAt(node, 'spec', 'taints').map((taint) => stringAt(taint, 'effect'))
    // Which taints are tolerated is the scheduler's business; a package that tolerates any is given the benefit of the doubt.
    return tolerant || !effects.some((effect) => effect === 'NoSchedule' || effect === 'NoExecute')
  })
}

function hasTolerations(object: KubernetesObject): boolean {
  const pod = object.kind === 'Pod' ? object.spec : at(object, 'spec', 'template', 'spec')
  return listAt(pod, 'tolerations').length > 0
}

export const isRunning = (pod: KubernetesObject): boolean => {
  const phase = stringAt(pod, 'status', 'phase')
  return phase !== 'Succeeded' && phase !== 'Failed'
}

export const isOwn = ({ metadata }: KubernetesObject, own: { reference: string; namespace: string }): boolean =>
  metadata.namespace === own.namespace && metadata.labels?.[OWNER_LABEL] === own.reference

function freeOn(node: KubernetesObject, pods: readonly KubernetesObject[]): PodRequests {
  const used = requestsOf(pods.filter((pod) => stringAt(pod, 'spec', 'nodeName') === node.metadata.name))
  const offered = (resource: Resource): string => String(at(node, 'status', 'allocatable', resource) ?? '0')
  const left = (resource: Resource): string => {
    const rest = subtractQuantities(offered(resource), used[resource])
    return compareQuantities(rest, '0') > 0 ? rest : '0'
  }
  return { cpu: left('cpu'), memory: left('memory'), pods: left('pods') }
}

function together(free: readonly PodRequests[]): PodRequests {
  const sum = (resource: Resource): string => free.reduce((total, node) => addQuantities(total, node[resource]), '0')
  return { cpu: sum('cpu'), memory: sum('memory'), pods: sum('pods') }
}
