import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster, KubernetesObject } from '../../../src/clusters/cluster.ts'
import { createKubernetesCluster } from '../../../src/clusters/kubernetes/cluster.ts'
import { abortAt, Interruption } from '../../../src/provisioning/run/interruption.ts'
import { awaitCondition } from '../../../src/provisioning/steps/await.ts'
import { ALL_PARTS, type ControlPlane, startControlPlane } from '../../harness/control-plane.ts'
import { needs } from '../../harness/needs.ts'
import { silentLog } from '../../harness/redis.ts'
import { type TestContextParts, testContext } from '../../harness/step-context.ts'
import { configMap, deployment, namespaceObject } from './objects.ts'

describe('the await step on a real API server', needs('control-plane', 'kwok'), () => {
  let plane: ControlPlane
  let cluster: Cluster
  let namespace: string

  beforeAll(async () => {
    plane = await startControlPlane({ parts: ALL_PARTS })
    await plane.addNode({ cpu: '4' })
    cluster = createKubernetesCluster({ oCloudId: 'edge', kubeconfig: plane.kubeconfig, log: silentLog() })
    namespace = `await-${randomBytes(4).toString('hex')}`
    await post('/api/v1/namespaces', namespaceObject(namespace))
  })
  afterAll(async () => {
    await cluster?.close()
    await plane?.stop()
  })

  async function post(path: string, body: KubernetesObject): Promise<void> {
    const answer = await plane.client.call('POST', path, body)
    expect(answer.status).toBe(201)
  }
  const run = (inputs: object, parts: TestContextParts = {}) => {
    const harness = testContext({ clusters: [cluster], ...parts })
    const given = awaitCondition.inputs.parse({ target: 'edge', namespace, ...inputs })
    const made = { oCloudId: 'edge', objects: [], outputs: {}, notes: {} }
    return { ...harness, ended: awaitCondition.verify(given, made, harness.context) }
  }
  const forDeployment = (name: string) => ({ apiVersion: 'apps/v1', kind: 'Deployment', name, condition: 'Available' })
  const deploymentsPath = () => `/apis/apps/v1/namespaces/${namespace}/deployments`

  test('waits for an object that does not exist yet, and tells how many replicas are ready', async () => {
    const { ended, progress } = run(forDeployment('du'))
    await sleep(300)
    expect(progress.at(-1)?.message).toBe(`Deployment ${namespace}/du does not exist yet`)
    await post(deploymentsPath(), deployment(namespace, 'du', { replicas: 3 }))
    expect((await ended).notes.summary).toBe(`Deployment ${namespace}/du: Available`)
    expect(progress.map(({ message }) => message)).toContain(`Deployment ${namespace}/du: 0 of 3 ready`)
  })

  test('makes no call but its watch, and hears of a change within a second', async () => {
    const since = Date.now()
    const path = `/api/v1/namespaces/${namespace}/configmaps`
    await post(path, configMap(namespace, 'signal', { state: 'red' }))
    const condition = { path: 'data.state', equals: 'green' }
    const { ended } = run({ apiVersion: 'v1', kind: 'ConfigMap', name: 'signal', condition })
    await sleep(3_000)
    const changed = Date.now()
    const answer = await plane.client.call('PUT', `${path}/signal`, configMap(namespace, 'signal', { state: 'green' }))
    expect(answer.status).toBe(200)
    await ended
    expect(Date.now() - changed).toBeLessThan(1_000)
    const asked = plane.audit.entries({ user: 'admin', since, resource: 'configmaps' })
    expect(asked.filter(({ verb }) => verb === 'get')).toEqual([])
    expect(asked.filter(({ verb }) => verb === 'list').length).toBeLessThanOrEqual(1)
    expect(asked.filter(({ verb }) => verb === 'watch').length).toBeLessThanOrEqual(1)
  })

  test('silence ends it with what was last seen, and with the words of the scheduler', async () => {
    await post(deploymentsPath(), deployment(namespace, 'huge', { cpu: '64' }))
    const { ended } = run({ ...forDeployment('huge'), silenceSeconds: 2 })
    await expect(ended).rejects.toMatchObject({ code: 'TIMEOUT' })
    await expect(ended).rejects.toThrow(
      /nothing changed for 2 s; last seen: Deployment .*\/huge: 0 of 1 ready; pod huge-.*: Unschedulable: .*Insufficient cpu/s,
    )
  })

  test('the deadline says what was last seen; another end of the run is passed on as it is', async () => {
    const limit = abortAt(new Date(Date.now() + 1_000), 'the deadline has passed')
    const late = run(forDeployment('huge'), { signal: limit.signal })
    await expect(late.ended).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('Unschedulable'),
    })
    const stop = new AbortController()
    const stopped = run(forDeployment('huge'), { signal: stop.signal })
    const reason = new Interruption('shutdown', 'the service stops')
    setTimeout(() => stop.abort(reason), 100)
    await expect(stopped.ended).rejects.toBe(reason)
  })

  test('what cannot become true any more ends it at once', async () => {
    const broken = deployment(namespace, 'broken', { cpu: '64' })
    await post(deploymentsPath(), { ...broken, spec: { ...broken.spec, progressDeadlineSeconds: 1 } })
    const { ended } = run(forDeployment('broken'))
    await expect(ended).rejects.toMatchObject({ code: 'PROVISIONING_FAILED' })
    await expect(ended).rejects.toThrow(/broken.*Insufficient cpu/s)
  })

  test('goes on through an outage of the API server', async () => {
    const { ended, progress } = run(forDeployment('late'))
    await sleep(300)
    await plane.restart()
    await post(deploymentsPath(), deployment(namespace, 'late'))
    expect((await ended).notes.summary).toContain('late')
    expect(progress.length).toBeGreaterThan(0)
  })

  test('a namespace is current at once', async () => {
    const { ended } = run({
      apiVersion: 'v1',
      kind: 'Namespace',
      name: namespace,
      namespace: undefined,
      condition: 'Current',
    })
    await ended
  })
})
