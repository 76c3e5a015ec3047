import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STEPS } from '../../src/provisioning/steps/registry.ts'
import { startTestApi, type TestApi } from '../harness/api.ts'
import { call, toTheEnd } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'

const target = '{{ oCloud }}'
const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'changed' } }
const settings = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'changed' },
  data: { mode: '{{ mode }}' },
}
const template = {
  name: 'awaited',
  version: '1.0.0',
  description: 'A workload, and a condition on it that names none of its parameters',
  result: 'resources',
  timeoutSeconds: 60,
  parameterSchema: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    required: ['oCloud', 'mode'],
    additionalProperties: false,
    properties: { oCloud: { type: 'string', format: 'o-cloud' }, mode: { type: 'string' } },
  },
  steps: [
    { name: 'check', uses: 'preflight', with: { target } },
    { name: 'workload', uses: 'manifests', with: { target, objects: [namespace, settings] } },
    {
      name: 'ready',
      uses: 'await',
      with: {
        target,
        apiVersion: 'v1',
        kind: 'ConfigMap',
        namespace: 'changed',
        name: 'settings',
        condition: { path: 'data.mode', equals: 'good' },
        silenceSeconds: 1,
      },
    },
  ],
}

describe('a change of the workload alone', needs('redis'), () => {
  let api: TestApi
  let front: string
  beforeAll(async () => {
    api = await startTestApi({ steps: STEPS })
    front = `${api.url}/o2ims/v1/provisioningRequests`
    expect((await call(`${api.url}/o2ims/v1/templates`, 'POST', template)).status).toBe(201)
  })
  afterAll(() => api?.close())

  const body = (mode: string) => ({
    provisioningRequestId: 'awaited',
    name: 'awaited',
    description: '',
    templateName: 'awaited',
    templateVersion: '1.0.0',
    templateParameters: { oCloud: 'sim-1', mode },
  })

  test('is waited for anew, though the condition was met before it', async () => {
    await call(front, 'POST', body('good'))
    expect((await toTheEnd(api.url, 'awaited')).body.status.provisioningPhase).toBe('FULFILLED')
    await call(`${front}/awaited`, 'PUT', body('bad'))
    const ended = (await toTheEnd(api.url, 'awaited')).body
    expect(ended.status.provisioningPhase).toBe('FAILED')
    expect(ended.progress.error).toMatchObject({ step: 'ready' })
  })

  test('runs what only looks again also when nothing changed', async () => {
    await call(`${front}/awaited`, 'PUT', body('good'))
    expect((await toTheEnd(api.url, 'awaited')).body.status.provisioningPhase).toBe('FULFILLED')
    await call(`${front}/awaited`, 'PUT', { ...body('good'), description: 'the same with other words' })
    const { progress } = (await toTheEnd(api.url, 'awaited')).body
    expect(progress.steps.map(({ state }: { state: string }) => state)).toEqual(['SUCCEEDED', 'SKIPPED', 'SUCCEEDED'])
  })
})
