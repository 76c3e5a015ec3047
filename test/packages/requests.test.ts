import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { KubernetesObject } from '../../src/clusters/cluster.ts'
import { requestsOf } from '../../src/packages/requests.ts'

type Spec = NonNullable<KubernetesObject['spec']>

const asking = (cpu: string, memory: string) => ({ resources: { requests: { cpu, memory } } })
const workload = (kind: string, spec: Spec): KubernetesObject => {
  const group = kind === 'Pod' ? 'v1' : kind.endsWith('Job') ? 'batch/v1' : 'apps/v1'
  return { apiVersion: group, kind, metadata: { name: 'x' }, spec }
}
const deployment = (replicas: number, podSpec: Spec) =>
  workload('Deployment', { replicas, template: { spec: podSpec } })

describe('what a package asks for', () => {
  test('is what its containers request, times the replicas', () => {
    const objects = [
      deployment(3, { containers: [asking('100m', '64Mi'), asking('0.4', '64Mi')] }),
      workload('StatefulSet', { template: { spec: { containers: [asking('1', '1Gi')] } } }),
    ]
    expect(requestsOf(objects)).toEqual({ cpu: '2500m', memory: '1408Mi', pods: '4' })
  })

  test('is nothing for objects that make no pods, and for containers that ask for nothing', () => {
    const service: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'x' },
      spec: { replicas: 7 },
    }
    expect(requestsOf([service])).toEqual({ cpu: '0', memory: '0', pods: '0' })
    expect(requestsOf([deployment(2, { containers: [{}] })])).toEqual({ cpu: '0', memory: '0', pods: '2' })
  })

  test('takes a limit for the request where only that stands', () => {
    const container = { resources: { limits: { cpu: '2', memory: '1Gi' }, requests: { memory: '512Mi' } } }
    expect(requestsOf([deployment(1, { containers: [container] })])).toEqual({ cpu: '2', memory: '512Mi', pods: '1' })
  })

  test('counts an init container only where it asks for more than what runs later', () => {
    const pod = { initContainers: [asking('2', '10Mi'), asking('1', '3Gi')], containers: [asking('500m', '1Gi')] }
    expect(requestsOf([deployment(1, pod)])).toEqual({ cpu: '2', memory: '3Gi', pods: '1' })
  })

  test('counts a sidecar beside the containers, and beside the init containers after it', () => {
    const sidecar = { ...asking('1', '1Gi'), restartPolicy: 'Always' }
    const pod = { initContainers: [sidecar, asking('2', '1Gi')], containers: [asking('500m', '2Gi')] }
    expect(requestsOf([deployment(1, pod)])).toEqual({ cpu: '3', memory: '3Gi', pods: '1' })
  })

  test('counts a DaemonSet once for each node and a Job for what runs at once', () => {
    const template = { spec: { containers: [asking('1', '1Gi')] } }
    expect(requestsOf([workload('DaemonSet', { template })], 3).pods).toBe('3')
    expect(requestsOf([workload('Job', { template, parallelism: 5, completions: 2 })]).pods).toBe('2')
    expect(requestsOf([workload('CronJob', { jobTemplate: { spec: { template, parallelism: 4 } } })]).pods).toBe('4')
    expect(requestsOf([workload('Pod', { containers: [asking('1', '1Gi')], overhead: { cpu: '250m' } })]).cpu).toBe(
      '1250m',
    )
  })

  test('grows with every object: the sum of two packages is that of both together', () => {
    const objects = fc.array(
      fc
        .record({ replicas: fc.nat(20), cpu: fc.nat(4000), memory: fc.nat(4096) })
        .map(({ replicas, cpu, memory }) => deployment(replicas, { containers: [asking(`${cpu}m`, `${memory}Mi`)] })),
      { maxLength: 5 },
    )
    fc.assert(
      fc.property(objects, objects, (a, b) => {
        const podsOf = (some: KubernetesObject[]) => Number(requestsOf(some).pods)
        const expected = [...a, ...b].reduce((sum, object) => sum + Number(object.spec?.replicas), 0)
        expect(podsOf(a) + podsOf(b)).toBe(podsOf([...a, ...b]))
        expect(podsOf([...a, ...b])).toBe(expected)
      }),
    )
  })
})
