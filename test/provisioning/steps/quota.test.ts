import { expect, test } from 'vitest'
import type { KubernetesObject } from '../../../src/clusters/cluster.ts'
import { OWNER_LABEL } from '../../../src/clusters/ownership.ts'
import { boundsOf, quotaShortages, unsaid } from '../../../src/provisioning/steps/quota.ts'
import { deployment } from './objects.ts'

const bound = (hard: Record<string, string | number>) => [{ name: "template's quota", hard }]

function pod(cpu: string, phase = 'Running'): KubernetesObject {
  const containers = [{ name: 'c', resources: { requests: { cpu }, limits: { cpu } } }]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'ran' },
    spec: { containers },
    status: { phase },
  }
}

test('what fits beside the pods that stand there is let through, and what does not is told with what is left', () => {
  const wanted = [deployment('ran', 'du', { cpu: '2', replicas: 3 })]
  expect(quotaShortages(wanted, bound({ 'requests.cpu': 6, pods: 3 }), { others: [] })).toEqual([])
  expect(quotaShortages(wanted, bound({ 'requests.cpu': 6 }), { others: [pod('1')] })).toEqual([
    "requests.cpu: 6 asked for, 5 left of 6 in the template's quota",
  ])
  expect(quotaShortages(wanted, bound({ cpu: '5900m', pods: 2 }), { others: [] })).toEqual([
    "pods: 3 asked for, 2 left of 2 in the template's quota",
    "cpu: 6 asked for, 5900m left of 5900m in the template's quota",
  ])
  expect(quotaShortages(wanted, bound({ 'requests.cpu': 6 }), { others: [pod('1', 'Succeeded')] })).toEqual([])
  expect(quotaShortages(wanted, bound({ 'requests.memory': '1Gi', 'count/secrets': '1' }), { others: [] })).toEqual([])
})

test('of Jobs that run beside it one at a time the largest counts, and each resource is told once', () => {
  const wanted = [deployment('ran', 'du', { cpu: '2', replicas: 3 })]
  const told = (most: number) =>
    quotaShortages(wanted, bound({ 'requests.cpu': most }), { others: [], jobs: [pod('1'), pod('3'), pod('2')] })
  expect(told(9)).toEqual([])
  expect(told(8)).toEqual(["requests.cpu: 9 asked for, 8 left of 8 in the template's quota"])
  expect(told(5)).toEqual(["requests.cpu: 9 asked for, 5 left of 5 in the template's quota"])
})

test('limits are counted as limits, and a container that names none is told, for no such pod is taken', () => {
  const wanted = [deployment('ran', 'du', { cpu: '2' })]
  expect(quotaShortages([pod('3')], bound({ 'limits.cpu': 2 }), { others: [] })).toEqual([
    "limits.cpu: 3 asked for, 2 left of 2 in the template's quota",
  ])
  expect(unsaid(wanted, bound({ 'limits.cpu': 2, 'requests.cpu': 2 }))).toEqual([
    "limits.cpu: the template's quota bounds it, and a container of Deployment ran/du names no limit of cpu",
  ])
  expect(unsaid(wanted, bound({ 'requests.memory': '1Gi' }))).toEqual([
    "requests.memory: the template's quota bounds it, and a container of Deployment ran/du names no request of memory",
  ])
  expect(unsaid([pod('1')], bound({ 'limits.cpu': 2, 'requests.cpu': 2, pods: 1 }))).toEqual([])
})

test('the quotas of others count, our own of an earlier generation and those for some pods only do not', () => {
  const quota = (name: string, spec: Record<string, unknown>, labels = {}): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name, labels },
    spec: JSON.parse(JSON.stringify(spec)),
  })
  const quotas = [
    quota('theirs', { hard: { cpu: 4 } }),
    quota('ours', { hard: { cpu: '1' } }, { [OWNER_LABEL]: 'r1' }),
    quota('best-effort', { hard: { pods: '1' }, scopes: ['BestEffort'] }),
  ]
  expect(boundsOf(quotas, 'r1')).toEqual([{ name: 'quota theirs of the namespace', hard: { cpu: '4' } }])
})
