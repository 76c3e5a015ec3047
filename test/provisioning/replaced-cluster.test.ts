import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKindCluster } from '../../src/provisioning/steps/kind-cluster.ts'
import { STEPS } from '../../src/provisioning/steps/registry.ts'
import type { Step } from '../../src/provisioning/steps/step.ts'
import { startTestApi, type TestApi } from '../harness/api.ts'
import { call, toTheEnd } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'

const NODE = { apiVersion: 'v1', kind: 'Node' }
const SETTINGS = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'default' } }

const template = {
  name: 'replaced',
  version: '1.0.0',
  description: 'A cluster, and something on it',
  result: 'nodeCluster',
  timeoutSeconds: 60,
  parameterSchema: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    additionalProperties: false,
    properties: { replaceUnhealthy: { type: 'boolean', default: false } },
  },
  steps: [
    {
      name: 'cluster',
      uses: 'kind-cluster',
      with: { name: 'frail', driver: 'simulated', workers: 1, replaceUnhealthy: '{{ replaceUnhealthy }}' },
    },
    {
      name: 'workload',
      uses: 'manifests',
      with: { target: '{{ steps.cluster.oCloudId }}', objects: [{ ...SETTINGS, data: { mode: 'good' } }] },
    },
    { name: 'report', uses: 'report' },
  ],
}

describe('a cluster of a request that is not well any more', needs('redis'), () => {
  let api: TestApi
  let front: string
  const impatient: [string, Step] = ['kind-cluster', createKindCluster({ recoveryMs: 300 }) as Step]
  beforeAll(async () => {
    api = await startTestApi({ steps: new Map([...STEPS, impatient]) })
    front = `${api.url}/o2ims/v1/provisioningRequests`
    const published = await call(`${api.url}/o2ims/v1/templates`, 'POST', template)
    expect(published.status, JSON.stringify(published.body)).toBe(201)
  })
  afterAll(() => api?.close())

  const body = (templateParameters: object = {}) => ({
    provisioningRequestId: 'frail',
    name: 'frail',
    description: '',
    templateName: 'replaced',
    templateVersion: '1.0.0',
    templateParameters,
  })
  const open = async () => api.oClouds.open((await api.oClouds.resolve('frail')) ?? '')

  test('is refused with what is wrong, and replaced with all that the request had on it when it may be', async () => {
    await call(front, 'POST', body())
    const first = (await toTheEnd(api.url, 'frail')).body
    expect(first.status.provisioningPhase, JSON.stringify(first.progress.error)).toBe('FULFILLED')

    const before = await open()
    const worker = await before.get({ ...NODE, name: 'frail-worker' })
    const conditions = [{ type: 'Ready', status: 'False', reason: 'KubeletStopped', message: 'the kubelet stopped' }]
    if (worker) await before.updateStatus({ ...worker, status: { ...worker.status, conditions } })
    await call(`${front}/frail/retry`, 'POST')
    const refused = (await toTheEnd(api.url, 'frail')).body
    expect(refused.progress.error).toMatchObject({ code: 'KIND_FAILED', exitCode: 2, step: 'cluster', undone: [] })
    expect(refused.progress.error.cause).toMatch(
      /cluster frail stands but is unhealthy: .*1 of 2 nodes Ready; frail-worker: .*the kubelet stopped.* replaceUnhealthy: true/,
    )

    await call(`${front}/frail`, 'PUT', body({ replaceUnhealthy: true }))
    const replaced = (await toTheEnd(api.url, 'frail')).body
    expect(replaced.status.provisioningPhase, JSON.stringify(replaced.progress.error)).toBe('FULFILLED')
    expect(replaced.provisionedResourceSet).toEqual(first.provisionedResourceSet)
    const after = await open()
    const nodes = await after.list(NODE, {})
    expect(nodes.map(({ metadata }) => metadata.uid)).not.toContain(worker?.metadata.uid)
    expect(await after.get({ ...SETTINGS, name: 'settings', namespace: 'default' })).toBeDefined()
  })

  test('is left alone while it is well, whatever may be done about it', async () => {
    const before = await (await open()).list(NODE, {})
    await call(`${front}/frail/retry`, 'POST')
    expect((await toTheEnd(api.url, 'frail')).body.status.provisioningPhase).toBe('FULFILLED')
    const after = await (await open()).list(NODE, {})
    expect(after.map(({ metadata }) => metadata.uid)).toEqual(before.map(({ metadata }) => metadata.uid))
  })
})
