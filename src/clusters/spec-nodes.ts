import type { ClusterSpec, NodeLabels } from './lifecycle.ts'

/** One node of a cluster that a spec asks for. */
export interface SpecNode {
  /** As kind calls it: `<cluster>-control-plane`, `<cluster>-worker`, `<cluster>-worker2`, … */
  name: string
  role: 'control-plane' | 'worker'
  labels: Record<string, string>
}

/** The nodes of a cluster in the order in which they are made: control planes first. */
export function nodesOf({ name, controlPlanes = 1, workers, nodeLabels = {} }: NodesOfSpec): SpecNode[] {
  const nodes = (role: SpecNode['role'], count: number): SpecNode[] =>
    Array.from({ length: count }, (_, index) => ({
      name: `${name}-${role}${index === 0 ? '' : index + 1}`,
      role,
      labels: labelsOf(nodeLabels, role, index),
    }))
  return [...nodes('control-plane', controlPlanes), ...nodes('worker', workers)]
}

export type NodesOfSpec = Pick<ClusterSpec, 'name' | 'controlPlanes' | 'workers' | 'nodeLabels'>

function labelsOf({ all, controlPlane, workers = [] }: NodeLabels, role: SpecNode['role'], index: number) {
  return { ...all, ...(role === 'control-plane' ? controlPlane : workers[index]) }
}
