import { type Amounts, requestsOf } from '../../clusters/amounts.ts'
import type { KubernetesObject } from '../../clusters/cluster.ts'
import { stringAt } from '../../clusters/fields.ts'

/** What a pod takes of the node that it is placed on; nothing when it waits for one, or has ended. */
export function keptBy(pod: KubernetesObject): Amounts {
  const phase = stringAt(pod, 'status', 'phase')
  const placed = stringAt(pod, 'spec', 'nodeName') !== undefined && phase !== 'Succeeded' && phase !== 'Failed'
  return placed ? requestsOf(pod.spec) : {}
}
