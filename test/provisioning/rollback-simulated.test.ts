import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster } from '../../src/clusters/cluster.ts'
import { STEPS } from '../../src/provisioning/steps/registry.ts'
import { startTestApi, type TestApi } from '../harness/api.ts'
import { call, toTheEnd } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'

const target = '{{ oCloud }}'
const configMap = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'settings' },
  data: { mode: '{{ mode }}', token: '{{ token }}' },
})
const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'settings' } }

/** Applies the ConfigMaps of these names, each with the mode and the secret token. */
const templateOf = (version: string, names: string[]) => ({
  name: 'settings',
  version,
  description: 'Settings',
  result: 'resources',
  timeoutSeconds: 60,
  parameterSchema: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    required: ['oCloud', 'mode', 'token'],
    additionalProperties: false,
    properties: {
      oCloud: { type: 'string', format: 'o-cloud' },
      mode: { type: 'string' },
      token: { type: 'string', writeOnly: true },
    },
  },
  steps: [
    { name: 'settings', uses: 'manifests', with: { target, objects: [namespace, ...names.map(configMap)] } },
    { name: 'report', uses: 'report' },
  ],
})

describe('a rollback on a simulated O-Cloud, with the true steps', needs('redis'), () => {
  let api: TestApi
  let front: string
  let cluster: Cluster
  beforeAll(async () => {
    api = await startTestApi({ steps: STEPS })
    front = `${api.url}/o2ims/v1/provisioningRequests`
    cluster = await api.oClouds.open((await api.oClouds.resolve('sim-1')) ?? '')
    for (const template of [templateOf('1.0.0', ['one', 'two']), templateOf('2.0.0', ['two', 'three'])])
      expect((await call(`${api.url}/o2ims/v1/templates`, 'POST', template)).status).toBe(201)
  })
  afterAll(() => api?.close())

  const body = (templateVersion: string, mode: string, token: string, options: object = {}) => ({
    provisioningRequestId: 'settings',
    name: 'settings',
    description: '',
    templateName: 'settings',
    templateVersion,
    templateParameters: { oCloud: 'sim-1', mode, token },
    options: { rollbackOnFailure: true, ...options },
  })

  async function settings() {
    const items = await cluster.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace: 'settings' })
    return Object.fromEntries(items.map((item) => [item.metadata.name, Reflect.get(item, 'data')]))
  }

  test('brings back what the change removed, gives what it changed the old content, secrets too, and removes what it made', async () => {
    await call(front, 'POST', body('1.0.0', 'careful', 'first-token'))
    expect((await toTheEnd(api.url, 'settings')).body.status.provisioningPhase).toBe('FULFILLED')
    const before = await settings()
    expect(before).toEqual({
      one: { mode: 'careful', token: 'first-token' },
      two: { mode: 'careful', token: 'first-token' },
    })
    const change = body('2.0.0', 'daring', 'second-token', { simulation: { failAt: 'report' } })
    expect((await call(`${front}/settings`, 'PUT', change)).status).toBe(200)
    const ended = (await toTheEnd(api.url, 'settings')).body
    expect(ended.status.message).toMatch(/^report: .*; undone: 1 object; rolled back to generation 1$/)
    expect(ended.progress.error).toMatchObject({ rolledBackTo: 1, left: [], undone: [{ name: 'three' }] })
    expect(await settings()).toEqual(before)
    expect(JSON.stringify(ended) + api.log()).not.toMatch(/first-token|second-token/)
    const again = await call(`${front}/settings`, 'PUT', body('1.0.0', 'careful', 'first-token'))
    expect(again.status).toBe(200)
    const fulfilled = (await toTheEnd(api.url, 'settings')).body
    expect(fulfilled.progress.steps[0]).toMatchObject({ name: 'settings', state: 'SKIPPED' })
  })

  test('needs the old template: it cannot be removed before the change has succeeded', async () => {
    const template = `${api.url}/o2ims/v1/templates/settings/1.0.0`
    await call(`${front}/settings`, 'PUT', body('2.0.0', 'x', 'y', { simulation: { failAt: 'settings' } }))
    await toTheEnd(api.url, 'settings')
    expect((await call(template, 'DELETE')).status).toBe(409)
    await call(`${front}/settings`, 'PUT', body('2.0.0', 'daring', 'second-token'))
    expect((await toTheEnd(api.url, 'settings')).body.status.provisioningPhase).toBe('FULFILLED')
    expect(Object.keys(await settings()).sort()).toEqual(['three', 'two'])
    expect((await call(template, 'DELETE')).status).toBe(204)
  })
})
