import type { KubernetesObject } from '../../clusters/cluster.ts'
import { at, conditionOf, listAt, stringAt } from '../../clusters/fields.ts'
import { requestsOf } from '../../packages/requests.ts'
import type { NodeFinding } from '../schema.ts'
import type { Collector } from '../subject.ts'

const MOST = 20

/** Capacity of the nodes against what the pods on them ask for; the troubled ones first. */
export const nodes: Collector<NodeFinding[]> = {
  limitMs: 5_000,
  async collect({ cluster, signal }) {
    const all = await cluster.list({ apiVersion: 'v1', kind: 'Node' }, {}, { signal })
    const pods = await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, {}, { signal })
    const byNode = Map.groupBy(pods.filter(takesRoom), (pod) => stringAt(pod, 'spec', 'nodeName') ?? '')
    return all
      .map((node) => findingOf(node, byNode.get(node.metadata.name) ?? []))
      .sort((a, b) => weight(b) - weight(a))
      .slice(0, MOST)
  },
}

function findingOf(node: KubernetesObject, pods: readonly KubernetesObject[]): NodeFinding {
  const allocatable = (resource: string) => String(at(node, 'status', 'allocatable', resource) ?? '0')
  return {
    name: node.metadata.name,
    ready: conditionOf(node, 'Ready')?.status === 'True',
    schedulable: at(node, 'spec', 'unschedulable') !== true,
    conditions: listAt(node, 'status', 'conditions')
      .filter((condition) => stringAt(condition, 'type') !== 'Ready' && stringAt(condition, 'status') === 'True')
      .map((condition) => [stringAt(condition, 'type'), stringAt(condition, 'message')].filter(Boolean).join(': ')),
    allocatable: { cpu: allocatable('cpu'), memory: allocatable('memory'), pods: allocatable('pods') },
    requested: requestsOf(pods),
  }
}

const weight = ({ ready, schedulable, conditions }: NodeFinding): number =>
  (ready ? 0 : 4) + (schedulable ? 0 : 2) + (conditions.length > 0 ? 1 : 0)

function takesRoom(pod: KubernetesObject): boolean {
  const phase = stringAt(pod, 'status', 'phase')
  return phase !== 'Succeeded' && phase !== 'Failed'
}
