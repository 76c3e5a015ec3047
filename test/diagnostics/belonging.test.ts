import { describe, expect, it } from 'vitest'
import { belongsTo } from '../../src/diagnostics/belonging.ts'

const of = (kind: string, name: string, apiVersion = 'apps/v1') => ({ apiVersion, kind, namespace: 'ran', name })
const named = (kind: string, name: string, namespace = 'ran') => ({ kind, namespace, name })

describe('an object of a request', () => {
  it.each([
    [of('Deployment', 'du'), named('Deployment', 'du')],
    [of('Deployment', 'du'), named('ReplicaSet', 'du-7c5d8f9b6d')],
    [of('Deployment', 'du'), named('Pod', 'du-7c5d8f9b6d-x2x4z')],
    [of('DaemonSet', 'du'), named('Pod', 'du-x2x4z')],
    [of('StatefulSet', 'du'), named('Pod', 'du-0')],
    [of('StatefulSet', 'du'), named('PersistentVolumeClaim', 'data-du-0')],
    [of('Job', 'load', 'batch/v1'), named('Pod', 'load-x2x4z')],
    [of('Job', 'load', 'batch/v1'), named('Pod', 'load-3-x2x4z')],
    [of('CronJob', 'load', 'batch/v1'), named('Job', 'load-29012345')],
    [of('CronJob', 'load', 'batch/v1'), named('Pod', 'load-29012345-x2x4z')],
    [of('NFDeployment', 'du', 'workload.nephio.org/v1alpha1'), named('Deployment', 'du-main')],
  ])('%j has made %j', (object, made) => {
    expect(belongsTo(object, made)).toBe(true)
  })

  it.each([
    [of('Deployment', 'du'), named('ReplicaSet', 'du-other-7c5d8f9b6d')],
    [of('Deployment', 'du'), named('Pod', 'du-other-7c5d8f9b6d-x2x4z')],
    [of('Deployment', 'du'), named('ReplicaSet', 'cu-7c5d8f9b6d')],
    [of('Deployment', 'du'), named('ReplicaSet', 'du-7c5d8f9b6d', 'other')],
    [of('StatefulSet', 'du'), named('PersistentVolumeClaim', 'data-cu-0')],
    [of('ConfigMap', 'du', 'v1'), named('Pod', 'du-x2x4z')],
    [of('Role', 'du', 'rbac.authorization.k8s.io/v1'), named('Pod', 'du-x2x4z')],
  ])('%j has not made %j', (object, other) => {
    expect(belongsTo(object, other)).toBe(false)
  })
})
