import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../../src/clusters/cluster.ts'
import { isCurrent } from '../../src/clusters/readiness.ts'
import type { JsonObject } from '../../src/json.ts'

function object(
  apiVersion: string,
  kind: string,
  status: JsonObject | undefined,
  spec: JsonObject = {},
): KubernetesObject {
  return { apiVersion, kind, metadata: { name: 'x', generation: 2 }, spec, status }
}
const condition = (type: string, status: string, reason = 'Because', message = 'so it is') => ({
  type,
  status,
  reason,
  message,
})

describe('a Deployment', () => {
  const good: JsonObject = {
    observedGeneration: 2,
    replicas: 2,
    updatedReplicas: 2,
    availableReplicas: 2,
    conditions: [condition('Available', 'True')],
  }
  const deployment = (status: JsonObject | undefined) => object('apps/v1', 'Deployment', status, { replicas: 2 })

  it('is current when every replica is updated and available', () => {
    expect(isCurrent(deployment(good))).toMatchObject({ current: true, failed: false })
  })
  it('is not current before the controller has seen its generation', () => {
    expect(isCurrent(deployment({ ...good, observedGeneration: 1 })).current).toBe(false)
    expect(isCurrent(deployment(undefined)).current).toBe(false)
  })
  it('is not current while replicas are missing, old or not available', () => {
    const changes: JsonObject[] = [
      { updatedReplicas: 1 },
      { replicas: 3 },
      { availableReplicas: 1 },
      { conditions: [] },
    ]
    for (const change of changes) {
      expect(isCurrent(deployment({ ...good, ...change }))).toMatchObject({ current: false, failed: false })
    }
  })
  it('has failed when its progress deadline is exceeded', () => {
    const status = { ...good, conditions: [condition('Progressing', 'False', 'ProgressDeadlineExceeded', 'too slow')] }
    expect(isCurrent(deployment(status))).toEqual({
      current: false,
      failed: true,
      message: 'ProgressDeadlineExceeded: too slow',
    })
  })
  it('is not current while it is being deleted', () => {
    const dying = deployment(good)
    dying.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
    expect(isCurrent(dying).current).toBe(false)
  })
})

describe('other kinds', () => {
  it('a StatefulSet is current when all replicas are ready and of the newest revision', () => {
    const status = { observedGeneration: 2, replicas: 3, readyReplicas: 3, updatedReplicas: 3 }
    const set = (change: JsonObject) =>
      isCurrent(object('apps/v1', 'StatefulSet', { ...status, ...change }, { replicas: 3 }))
    expect(set({}).current).toBe(true)
    expect(set({ readyReplicas: 2 }).current).toBe(false)
    expect(set({ updatedReplicas: 1 }).current).toBe(false)
    expect(set({ replicas: 4 }).current).toBe(false)
  })
  it('a DaemonSet is current when it is available on every node that wants it', () => {
    const status = { observedGeneration: 2, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 }
    expect(isCurrent(object('apps/v1', 'DaemonSet', status)).current).toBe(true)
    expect(isCurrent(object('apps/v1', 'DaemonSet', { ...status, numberAvailable: 2 })).current).toBe(false)
    expect(isCurrent(object('apps/v1', 'DaemonSet', {})).current).toBe(false)
  })
  it('a ReplicaSet is current when its replicas are available', () => {
    const status = { observedGeneration: 2, replicas: 1, availableReplicas: 1 }
    expect(isCurrent(object('apps/v1', 'ReplicaSet', status)).current).toBe(true)
    expect(isCurrent(object('apps/v1', 'ReplicaSet', { ...status, availableReplicas: 0 })).current).toBe(false)
  })
  it('a Pod is current when it runs and is ready, and has failed when it crash loops', () => {
    const pod = (status: JsonObject) => isCurrent(object('v1', 'Pod', status))
    expect(pod({ phase: 'Running', conditions: [condition('Ready', 'True')] }).current).toBe(true)
    expect(pod({ phase: 'Succeeded' }).current).toBe(true)
    expect(pod({ phase: 'Failed', message: 'evicted' })).toEqual({ current: false, failed: true, message: 'evicted' })
    const looping = { name: 'app', state: { waiting: { reason: 'CrashLoopBackOff' } } }
    expect(pod({ phase: 'Running', containerStatuses: [looping] })).toMatchObject({ failed: true })
  })
  it('a Pod that no node can take waits and says why', () => {
    const status = { phase: 'Pending', conditions: [condition('PodScheduled', 'False', 'Unschedulable', '0/3 nodes')] }
    expect(isCurrent(object('v1', 'Pod', status))).toEqual({
      current: false,
      failed: false,
      message: 'Unschedulable: 0/3 nodes',
    })
  })
  it('a Job is current once it has started, and has failed when it says so', () => {
    const job = (status: JsonObject) => isCurrent(object('batch/v1', 'Job', status))
    expect(job({}).current).toBe(false)
    expect(job({ startTime: '2026-01-01T00:00:00Z' }).current).toBe(true)
    expect(job({ conditions: [condition('Failed', 'True')] }).failed).toBe(true)
  })
  it('a claim is current when Bound, a namespace when Active, a node when Ready', () => {
    expect(isCurrent(object('v1', 'PersistentVolumeClaim', { phase: 'Pending' })).current).toBe(false)
    expect(isCurrent(object('v1', 'PersistentVolumeClaim', { phase: 'Bound' })).current).toBe(true)
    expect(isCurrent(object('v1', 'Namespace', { phase: 'Active' })).current).toBe(true)
    expect(isCurrent(object('v1', 'Namespace', { phase: 'Terminating' })).current).toBe(false)
    expect(isCurrent(object('v1', 'Node', { conditions: [condition('Ready', 'True')] })).current).toBe(true)
    expect(isCurrent(object('v1', 'Node', { conditions: [condition('Ready', 'Unknown')] })).current).toBe(false)
  })
  it('a CustomResourceDefinition is current when established and has failed when its names are taken', () => {
    const crd = (...conditions: JsonObject[]) =>
      isCurrent(object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', { conditions }))
    expect(crd().current).toBe(false)
    expect(crd(condition('Established', 'True')).current).toBe(true)
    expect(crd(condition('Established', 'False', 'Installing')).failed).toBe(false)
    expect(crd(condition('NamesAccepted', 'False')).failed).toBe(true)
  })
  it('a Service waits only for the address of a load balancer', () => {
    expect(isCurrent(object('v1', 'Service', undefined, { type: 'ClusterIP' })).current).toBe(true)
    expect(isCurrent(object('v1', 'Service', undefined, { type: 'LoadBalancer' })).current).toBe(false)
  })
  it('any other kind follows its conditions, and is current without any', () => {
    const custom = (...conditions: JsonObject[]) => isCurrent(object('example.com/v1', 'Thing', { conditions }))
    expect(isCurrent(object('v1', 'ConfigMap', undefined)).current).toBe(true)
    expect(custom(condition('Ready', 'False')).current).toBe(false)
    expect(custom(condition('Ready', 'True')).current).toBe(true)
    expect(custom(condition('Stalled', 'True'), condition('Ready', 'False')).failed).toBe(true)
    expect(custom(condition('Reconciling', 'True'), condition('Ready', 'True')).current).toBe(false)
  })
})

it('never throws and never answers current and failed at once, whatever a server sends', () => {
  const kinds = [
    'Deployment',
    'StatefulSet',
    'DaemonSet',
    'ReplicaSet',
    'Job',
    'Pod',
    'Node',
    'Namespace',
    'Service',
    'Odd',
  ]
  const version = fc.constantFrom('v1', 'apps/v1', 'batch/v1', 'example.com/v1')
  fc.assert(
    fc.property(
      version,
      fc.constantFrom(...kinds),
      fc.jsonValue(),
      fc.jsonValue(),
      (apiVersion, kind, spec, status) => {
        const made: KubernetesObject = JSON.parse(
          JSON.stringify({ apiVersion, kind, metadata: { name: 'x' }, spec, status }),
        )
        const answer = isCurrent(made)
        expect(answer.current && answer.failed).toBe(false)
        expect(answer.message).not.toBe('')
      },
    ),
  )
})
