import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Cluster } from '../../src/clusters/cluster.ts'
import type { JsonObject } from '../../src/json.ts'
import { STEPS } from '../../src/provisioning/steps/registry.ts'
import { startTestApi, type TestApi } from '../harness/api.ts'
import { call, toTheEnd } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'
import { SAMPLES } from '../harness/samples.ts'
import { requestFor } from '../harness/templates.ts'

const sample = (path: string) => parse(readFileSync(join(SAMPLES, path), 'utf8'))

describe('the sample template edge-5g-ran', needs('redis'), () => {
  let api: TestApi
  let requests: string
  let cluster: Cluster

  beforeAll(async () => {
    api = await startTestApi({ steps: STEPS })
    requests = `${api.url}/o2ims/v1/provisioningRequests`
    for (const name of ['sim-edge-1', 'sim-edge-2']) {
      const { status } = await call(`${api.url}/o2ims/v1/ocloud`, 'POST', sample(`oclouds/${name}.yaml`))
      expect(status).toBe(201)
    }
    const template = sample('templates/edge-5g-ran-1.0.0.yaml')
    expect((await call(`${api.url}/o2ims/v1/templates`, 'POST', template)).status).toBe(201)
    cluster = await api.oClouds.open((await api.oClouds.resolve('sim-edge-1')) ?? '')
  })
  afterAll(() => api?.close())

  const post = (id: string, parameters: JsonObject, options?: JsonObject) =>
    call(requests, 'POST', requestFor(id, 'edge-5g-ran', { namespace: id, ...parameters }, options))
  const provision = async (id: string, parameters: JsonObject = {}, options?: JsonObject) => {
    const { status, body } = await post(id, parameters, options)
    expect(status, JSON.stringify(body)).toBe(201)
    return (await toTheEnd(api.url, id)).body
  }
  const du = (namespace: string) => cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'du' })

  test('is answered as it was posted; its fields show as steps with names of their own', async () => {
    const template = sample('templates/edge-5g-ran-1.0.0.yaml')
    expect((await call(`${api.url}/o2ims/v1/templates/edge-5g-ran/1.0.0`)).body).toEqual(template)
    const body = await provision('shown', { oCloud: 'sim-edge-1', cpu_request: '100m', memory_request: '64Mi' })
    expect(body.status, JSON.stringify(body.progress.error)).toMatchObject({ provisioningPhase: 'FULFILLED' })
    expect(body.progress.steps.map(({ name, uses }: { name: string; uses: string }) => `${name} ${uses}`)).toEqual([
      'check preflight',
      'quota manifests',
      'network-policy manifests',
      'workload kpt-package',
      'hook:run-smoke-tests hook',
      'report report',
    ])
  })

  test('what its operator says of an O-Cloud stands in the report', async () => {
    const oCloud = `${api.url}/o2ims/v1/ocloud/${cluster.oCloudId}`
    const { name, labels } = sample('oclouds/sim-edge-1.yaml')
    const endpoints = [{ name: 'metrics', url: 'https://192.0.2.45:9090', protocol: 'https' }]
    const compliance = { oran: 'WG6.O2-v2.0' }
    expect((await call(oCloud, 'PUT', { name, labels, endpoints, compliance })).status).toBe(200)
    await provision('told', { cpu_request: '100m', memory_request: '64Mi' })
    const report = (accept: string) => call(`${requests}/told/report`, 'GET', undefined, { accept })
    expect((await report('application/json')).body.observed.oClouds).toMatchObject([{ name, endpoints, compliance }])
    const { body: text } = await report('text/markdown')
    expect(text).toContain('| sim-edge-1 | metrics | https://192.0.2.45:9090 |')
    expect(text).toMatch(/\| sim-edge-1 \| complies with oran \| WG6\.O2-v2\.0 \|/)
  })

  test('F25: our sample O-Cloud has the labels that our sample template selects: a request that names none goes there', async () => {
    const { provisioningRequestId: id, ...rest } = sample('requests/edge-5g-ran.yaml')
    expect(rest.templateParameters).not.toHaveProperty('oCloud')
    expect((await call(requests, 'POST', { provisioningRequestId: id, ...rest })).status).toBe(201)
    const { body } = await toTheEnd(api.url, id)
    expect(body.status).toMatchObject({ provisioningPhase: 'FULFILLED' })
    expect(await du('ran-sample-edge-5g-ran')).toBeDefined()
  })

  test('F26: sizes are Kubernetes quantities: 500m is a CPU; they reach the pods', async () => {
    const body = await provision('sized', {
      du_replicas: 2,
      cu_replicas: 1,
      cpu_request: '500m',
      cpu_limit: '1.5',
      memory_request: '512Mi',
      memory_limit: '1Gi',
    })
    expect(body.status, JSON.stringify(body.progress.error)).toMatchObject({ provisioningPhase: 'FULFILLED' })
    expect((await du('sized'))?.spec).toMatchObject({
      replicas: 2,
      template: {
        spec: {
          containers: [
            {
              resources: {
                requests: { cpu: '500m', memory: '512Mi' },
                limits: { cpu: '1.5', memory: '1Gi' },
              },
            },
          ],
        },
      },
    })
  })

  test('parameters that are left out have the defaults of the seed', async () => {
    await provision('defaults')
    const cu = await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'defaults', name: 'cu' })
    expect([(await du('defaults'))?.spec?.replicas, cu?.spec?.replicas]).toEqual([3, 2])
    expect(cu?.spec?.template).toMatchObject({
      spec: {
        containers: [{ resources: { requests: { cpu: '2', memory: '4Gi' }, limits: { cpu: '4', memory: '8Gi' } } }],
      },
    })
  })

  test.each<[string, JsonObject, string]>([
    ['more units than there may be', { du_replicas: 11 }, 'du_replicas'],
    ['no unit', { cu_replicas: 0 }, 'cu_replicas'],
    ['a text for a number', { du_replicas: '3' }, 'du_replicas'],
    ['a size that is none', { memory_request: '4 GB' }, 'memory_request'],
    ['a namespace that is none', { namespace: 'RAN_1' }, 'namespace'],
    ['a namespace of Kubernetes itself', { namespace: 'kube-system' }, 'namespace'],
    ['a parameter of the seed that nothing here acts on', { enable_gpu: false }, 'enable_gpu'],
    ['another one', { storage_class: 'fast-ssd' }, 'storage_class'],
    ['and another', { network_config: { f1_interface: 'eth1' } }, 'network_config'],
  ])('refuses %s by its pointer', async (_what, parameters, name) => {
    const { status, body } = await post('refused', parameters)
    expect([status, body.code]).toEqual([422, 'TEMPLATE_PARAMETERS'])
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([`/templateParameters/${name}`])
  })

  test('an O-Cloud that the template does not select is refused with what it lacks', async () => {
    const { status, body } = await post('elsewhere', { oCloud: 'sim-edge-2' })
    expect([status, body.errors]).toEqual([
      422,
      [
        {
          pointer: '/templateParameters/oCloud',
          message:
            'names sim-edge-2, which the template does not select: label capability must be "5g-ran" and is not there',
        },
      ],
    ])
  })

  test('a package that asks for more than the quota fails at the check, before anything is made', async () => {
    const body = await provision('greedy', { du_replicas: 10, cu_replicas: 5 })
    expect(body.progress.error).toMatchObject({
      code: 'INSUFFICIENT_CAPACITY',
      exitCode: 1,
      step: 'check',
      cause: [
        "requests.cpu: 30050m asked for, 20 left of 20 in the template's quota",
        "requests.memory: 61504Mi asked for, 40Gi left of 40Gi in the template's quota",
        "limits.cpu: 60500m asked for, 40 left of 40 in the template's quota",
        "limits.memory: 123136Mi asked for, 80Gi left of 80Gi in the template's quota",
      ].join('; '),
      undone: [],
    })
    expect(await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: 'greedy' })).toBeUndefined()
  })

  test('the quota and the network policy stand in the namespace, and go with the request', async () => {
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', namespace: 'bounded', name: 'edge-5g-ran' }
    const policy = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      namespace: 'bounded',
      name: 'edge-5g-ran',
    }
    await provision('bounded', { cpu_request: '100m', memory_request: '64Mi' })
    expect((await cluster.get(quota))?.spec?.hard).toEqual({
      'requests.cpu': '20',
      'requests.memory': '40Gi',
      'limits.cpu': '40',
      'limits.memory': '80Gi',
    })
    expect((await cluster.get(policy))?.spec).toEqual({
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: {} }] }],
    })
    expect((await call(`${requests}/bounded`, 'DELETE')).status).toBe(202)
    expect((await toTheEnd(api.url, 'bounded')).status).toBe(404)
    expect([await cluster.get(quota), await cluster.get(policy)]).toEqual([undefined, undefined])
    expect(await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: 'bounded' })).toBeUndefined()
  })

  test('only the approvers of the template decide', async () => {
    const options = { approval: { required: true } }
    const { body } = await post('decided', {}, options)
    expect(body.status.message).toBe('waiting for approval by platform-team or network-team')
    const decide = (approver: string) => call(`${requests}/decided/approve`, 'POST', { approver })
    expect((await decide('somebody')).status).toBe(403)
    expect((await decide('network-team')).status).toBe(202)
    const other = { approval: { required: true, approvers: ['somebody'] } }
    expect((await post('other', {}, other)).body.errors[0].pointer).toBe('/options/approval/approvers/0')
  })
})
