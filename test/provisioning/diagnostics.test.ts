import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDiagnostics, LATEST } from '../../src/provisioning/diagnostics.ts'
import { STEPS } from '../../src/provisioning/steps/registry.ts'
import { startTestApi, type TestApi } from '../harness/api.ts'
import { call, toTheEnd } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { createTestStore } from '../harness/redis.ts'
import { createTestRun, portsThatAreNotUsed, thingTemplate } from '../harness/run.ts'
import { type Shape, workloadTemplate } from '../harness/troubled.ts'

describe('the diagnostics of a request', needs('redis'), () => {
  let api: TestApi
  let front: string

  beforeAll(async () => {
    api = await startTestApi({ steps: STEPS, planTimeoutMs: 10_000 })
    front = `${api.url}/o2ims/v1/provisioningRequests`
  })
  afterAll(() => api?.close())

  async function failed(
    name: string,
    shape: Shape,
    { options, password }: { options?: object; password?: string } = {},
    oCloud = 'sim-1',
  ) {
    const published = await call(`${api.url}/o2ims/v1/templates`, 'POST', workloadTemplate(name, shape))
    expect(published.status).toBe(201)
    const posted = await call(front, 'POST', {
      provisioningRequestId: name,
      name,
      description: '',
      templateName: name,
      templateVersion: '1.0.0',
      templateParameters: { oCloud, ...(password && { password }) },
      ...(options && { options }),
    })
    expect(posted.status).toBe(201)
    const { body } = await toTheEnd(api.url, name)
    expect(body.status.provisioningPhase).toBe('FAILED')
    return { request: body, ...(await call(`${front}/${name}/diagnostics`)) }
  }

  test('name an image that cannot be pulled, in the failure’s words too, also after the undo', async () => {
    const { body, request } = await failed('no-image', { trouble: 'image' })
    const cause = 'image registry.example/du:1.1 cannot be pulled for pod no-image/no-image-'
    expect(body.collected.causes[0]).toContain(cause)
    expect(body.collected.causes[0]).toContain('ImagePullBackOff')
    expect(body.collected.targets[0]).toMatchObject({
      name: 'sim-1',
      simulated: true,
      reachable: true,
      endpoint: expect.stringMatching(/^simulated:/),
      pods: [{ problem: 'image', ours: true, container: 'main', image: 'registry.example/du:1.1' }],
      notCollected: [],
    })
    expect(request.progress.error.cause).toContain('ImagePullBackOff')
    expect(body).toMatchObject({ phase: 'FAILED', failure: { step: 'ready' } })
    // What was undone is not there any more.
    expect(body.targets[0].pods).toEqual([])
  })

  test('name a lack of capacity, with what is asked for', async () => {
    const { body } = await failed('too-big', { cpu: '1000' })
    expect(body.collected.causes[0]).toMatch(
      /^no node takes pod too-big\/too-big-.* on sim-1, .*3 Insufficient cpu.*it asks for cpu 1k/,
    )
    expect(body.collected.targets[0].nodes).toHaveLength(3)
    expect(body.collected.targets[0].nodes[0]).toMatchObject({ ready: true, allocatable: { cpu: '16' } })
  })

  test('name a container that crashes, with its last words and without secrets', async () => {
    const log = 'starting\nconnecting to https://admin:hunter22@db\nPASSWORD=hunter33\nno such cell: swordfish'
    const { body } = await failed('crashes', { trouble: 'crash', log }, { password: 'swordfish' })
    expect(body.collected.causes[0]).toMatch(
      /^container main of pod crashes\/.* ended with exit code 1.*"no such cell: \[secret\]"/,
    )
    expect(body.collected.targets[0].pods[0].log).toBe(
      'starting\nconnecting to https://[secret]@db\nPASSWORD=[secret]\nno such cell: [secret]',
    )
    expect(JSON.stringify(body)).not.toMatch(/hunter|swordfish/)
  })

  test('name a Job that failed, with its last words', async () => {
    const { body, request } = await failed('fails', {
      kind: 'Job',
      trouble: 'fail',
      log: 'the smoke test found no smoke',
    })
    expect(body.collected.causes[0]).toMatch(/^Job fails\/fails on sim-1 failed: .*"the smoke test found no smoke"/)
    expect(request.progress.error.cause).toContain('the smoke test found no smoke')
  })

  test('name a CRD that is missing', async () => {
    const more = [
      { apiVersion: 'focom.nephio.org/v1alpha1', kind: 'OCloud', metadata: { name: 'edge', namespace: 'no-crd' } },
    ]
    const { body } = await failed('no-crd', { more })
    expect(body.collected.causes[0]).toMatch(
      /does not know OCloud of focom\.nephio\.org\/v1alpha1: its CustomResourceDefinition \(CRD\) is missing$/,
    )
  })

  test('name an O-Cloud that cannot be reached, and do not wait for it', async () => {
    const kubeconfig = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'u', user: { token: 'a-token-of-ours' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    })
    await call(`${api.url}/o2ims/v1/ocloud`, 'POST', { name: 'gone-edge', kubeconfig })
    const { body, request } = await failed('unreachable', {}, { options: { timeoutSeconds: 1 } }, 'gone-edge')
    expect(body.causes[0]).toMatch(/^O-Cloud gone-edge cannot be reached: .*127\.0\.0\.1:1/)
    expect(body.targets[0]).toMatchObject({ name: 'gone-edge', reachable: false })
    expect(request.progress.error).toMatchObject({
      code: 'TIMEOUT',
      cause: expect.stringContaining('cannot be reached'),
    })
    expect(JSON.stringify(body)).not.toContain('a-token-of-ours')
  })

  test('of a request that is well show it as it is, and have nothing collected', async () => {
    await call(`${api.url}/o2ims/v1/templates`, 'POST', workloadTemplate('well', { silenceSeconds: 10 }))
    const body = {
      provisioningRequestId: 'well',
      name: 'well',
      description: '',
      templateName: 'well',
      templateVersion: '1.0.0',
      templateParameters: { oCloud: 'sim-1' },
    }
    await call(front, 'POST', body)
    await toTheEnd(api.url, 'well')
    const { status, body: found } = await call(`${front}/well/diagnostics`)
    expect(status).toBe(200)
    expect(found).toMatchObject({
      phase: 'FULFILLED',
      causes: [],
      targets: [{ reachable: true, pods: [], missingKinds: [] }],
    })
    expect(found.collected).toBeUndefined()
    await call(`${front}/well`, 'DELETE')
    await eventually(async () => expect((await call(`${front}/well/diagnostics`)).status).toBe(404))
  })
})

describe('what a late diagnosis found', needs('redis'), () => {
  test('is kept with no later request of the same id', async () => {
    const { store, stop } = await createTestStore()
    try {
      const run = await createTestRun(store, new Map([['things/1.0.0', thingTemplate(['one'])]]))
      const { look } = createDiagnostics({ ...run.parts, ports: portsThatAreNotUsed() })
      const looking = { redact: (text: string) => text, signal: new AbortController().signal }
      const before = await run.post('reused', { one: 'a' })
      expect(await look(before, 1_000, looking)).toMatchObject({ generation: 1 })
      await run.requests.collection.remove('reused')
      const after = await run.post('reused', { one: 'a' })
      expect(await look(before, 1_000, looking)).toBeUndefined()
      expect(await run.requests.collection.attachment('reused', LATEST)).toBeUndefined()
      expect(await look(after, 1_000, looking)).toMatchObject({ generation: 1 })
    } finally {
      await stop()
    }
  })
})

describe('diagnostics without a worker', needs('redis'), () => {
  test('are a 504 that says what to do', async () => {
    const api = await startTestApi({ worker: false, planTimeoutMs: 200 })
    try {
      const front = `${api.url}/o2ims/v1/provisioningRequests`
      const body = {
        provisioningRequestId: 'alone',
        name: 'alone',
        description: '',
        templateName: 'things',
        templateVersion: '1.0.0',
        templateParameters: { oCloud: 'sim-1' },
      }
      await call(front, 'POST', body)
      expect((await call(`${front}/alone/diagnostics`)).body).toMatchObject({ status: 504, code: 'NO_WORKER' })
      expect((await call(`${front}/nobody/diagnostics`)).body).toMatchObject({ status: 404 })
    } finally {
      await api.close()
    }
  })
})
