import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KubernetesObject } from '../../../src/clusters/cluster.ts'
import { OWNER_LABEL } from '../../../src/clusters/ownership.ts'
import { shortages } from '../../../src/provisioning/steps/capacity.ts'
import { deployment } from './objects.ts'

const own = { reference: 'r1', namespace: 'ran' }

function node(name: string, cpu: string, more: Partial<KubernetesObject> = {}): KubernetesObject {
  const status = { allocatable: { cpu, memory: '64Gi', pods: '110' }, conditions: [{ type: 'Ready', status: 'True' }] }
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, status, ...more }
}

function pod(
  nodeName: string,
  cpu: string,
  { namespace = 'other', labels = {}, phase = 'Running' } = {},
): KubernetesObject {
  const containers = [{ name: 'main', resources: { requests: { cpu } } }]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace, labels },
    spec: { nodeName, containers },
    status: { phase },
  }
}

test('what fits on some node is let through; what does not is told with what is asked for and what is free', () => {
  const nodes = [node('a', '4')]
  expect(shortages([deployment('ran', 'du', { cpu: '3500m' })], { nodes, pods: [pod('a', '500m')] }, own)).toEqual([])
  expect(shortages([deployment('ran', 'du', { cpu: '3500m' })], { nodes, pods: [pod('a', '501m')] }, own)).toEqual([
    'cpu: 3500m asked for, 3499m free',
  ])
  expect(shortages([deployment('ran', 'du')], { nodes: [], pods: [] }, own)).toEqual([
    'cpu: 10m asked for, 0 free',
    'pods: 1 asked for, 0 free',
  ])
})

test('a pod has to fit on one node, whatever all nodes have together', () => {
  const [reason] = shortages(
    [deployment('ran', 'du', { cpu: '6' })],
    { nodes: [node('a', '4'), node('b', '4')], pods: [] },
    own,
  )
  expect(reason).toMatch(/^Deployment ran\/du: a pod asks for cpu 6, .* no node has that free/)
  const two = deployment('ran', 'du', { cpu: '4', replicas: 2 })
  expect(shortages([two], { nodes: [node('a', '4'), node('b', '4')], pods: [] }, own)).toEqual([])
})

test('nodes that take no pods do not count, nor do pods that have ended or that this request replaces', () => {
  const big = deployment('ran', 'du', { cpu: '4' })
  const unusable = [
    node('a', '64', { spec: { unschedulable: true } }),
    node('b', '64', { spec: { taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] } }),
    node('c', '64', { status: { allocatable: { cpu: '64' }, conditions: [{ type: 'Ready', status: 'Unknown' }] } }),
  ]
  expect(shortages([big], { nodes: unusable, pods: [] }, own)).not.toEqual([])
  const labels = { [OWNER_LABEL]: 'r1' }
  const pods = [pod('d', '4', { phase: 'Succeeded' }), pod('d', '4', { namespace: 'ran', labels })]
  expect(shortages([big], { nodes: [node('d', '4')], pods }, own)).toEqual([])
  expect(shortages([big], { nodes: [node('d', '4')], pods: [pod('d', '4', { labels })] }, own)).not.toEqual([])
})

test('more capacity never makes a shortage, and more pods never cure one', () => {
  const cpus = fc.integer({ min: 1, max: 16 })
  fc.assert(
    fc.property(
      fc.array(cpus, { minLength: 1, maxLength: 4 }),
      fc.array(cpus, { maxLength: 4 }),
      cpus,
      (sizes, used, asked) => {
        const nodes = sizes.map((size, index) => node(`n${index}`, String(size)))
        const pods = used.map((size, index) => pod(`n${index % sizes.length}`, String(size)))
        const wanted = [deployment('ran', 'du', { cpu: String(asked) })]
        const short = shortages(wanted, { nodes, pods }, own).length > 0
        if (!short) {
          expect(shortages(wanted, { nodes: [...nodes, node('more', '1')], pods }, own)).toEqual([])
          expect(shortages(wanted, { nodes, pods: pods.slice(1) }, own)).toEqual([])
        }
        const fits = sizes.some(
          (size, index) => size - used.filter((_, i) => i % sizes.length === index).reduce((a, b) => a + b, 0) >= asked,
        )
        if (!fits) expect(short).toBe(true)
      },
    ),
  )
})
