import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canonicalExamples, frontDoorExamples } from '../../src/provisioning/examples.ts'
import { type Answer, call, toTheEnd } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'
import { startServer, type TestServer } from '../harness/server.ts'

interface Documented {
  parameters?: { in: string; example?: unknown }[]
  requestBody?: { content: Record<string, { examples: Record<string, { value: unknown }> }> }
}

/** What pressing Execute in Swagger UI does, for each body that the document shows, on a service as a user starts it. */
describe('the examples of the OpenAPI document', needs('redis'), () => {
  let server: TestServer
  let paths: Record<string, Record<string, Documented>>

  beforeAll(async () => {
    server = await startServer()
    paths = (await call(`${server.url}/openapi/o2ims.json`)).body.paths
  })
  afterAll(() => server?.dispose())

  async function execute(path: string, method: string, id = ''): Promise<Map<string, Answer>> {
    const examples = paths[path]?.[method.toLowerCase()]?.requestBody?.content['application/json']?.examples ?? {}
    const answers = new Map<string, Answer>()
    for (const [name, { value }] of Object.entries(examples))
      answers.set(name, await call(server.url + path.replace(/\{[^}]+\}/, id), method, value))
    return answers
  }

  test('of POST on the front door are accepted, answer 200 to a second press, and end as they say', async () => {
    const first = await execute('/o2ims/v1/provisioningRequests', 'POST')
    expect([...first.keys()]).toEqual(Object.keys(frontDoorExamples))
    for (const [name, { status, body }] of first) expect([status, body.detail], name).toEqual([201, undefined])
    for (const [name, { status }] of await execute('/o2ims/v1/provisioningRequests', 'POST'))
      expect(status, name).toBe(200)
    await decided()
    for (const [name, { body }] of first) {
      const ended = await toTheEnd(server.url, body.provisioningRequestData.provisioningRequestId)
      expect(
        [ended.body.status.provisioningPhase, ended.body.progress.simulated],
        `${name}: ${ended.body.status.message}`,
      ).toEqual([name === 'failing' ? 'FAILED' : 'FULFILLED', true])
    }
  })

  /** The request that waits for it is rejected, tried again and approved, with the bodies and the path that the document shows. */
  async function decided(): Promise<void> {
    const item = '/o2ims/v1/provisioningRequests/{provisioningRequestId}'
    const shown = paths[`${item}/approve`]?.post?.parameters?.find(({ in: place }) => place === 'path')
    const id = String(shown?.example)
    const verbs = async (...verbs: string[]) => {
      for (const verb of verbs)
        for (const [name, { status, body }] of await execute(`${item}/${verb}`, 'POST', id))
          expect([status, body.detail], name).toEqual([202, undefined])
    }
    await verbs('reject')
    const url = `${server.url}${item.replace(/\{.*\}/, id)}`
    expect((await call(url)).body.status.provisioningPhase).toBe('FAILED')
    expect((await call(`${url}/retry`, 'POST')).status).toBe(202)
    await verbs('approve')
    expect((await call(url)).body.progress.approval.state).toBe('APPROVED')
  }

  test('of PUT on the front door are accepted', async () => {
    const id = frontDoorExamples.workload.value.provisioningRequestId
    for (const [name, { status, body }] of await execute(
      '/o2ims/v1/provisioningRequests/{provisioningRequestId}',
      'PUT',
      id,
    ))
      expect([status, body.detail], name).toEqual([200, undefined])
    expect((await toTheEnd(server.url, id)).body.status.provisioningPhase).toBe('FULFILLED')
  })

  test('of POST and PUT on the canonical path are accepted', async () => {
    const list = '/O2ims_infrastructureProvisioning/v1/provisioningRequests'
    const id = canonicalExamples.workload.value.provisioningRequestId
    for (const [name, { status, body }] of await execute(list, 'POST'))
      expect([status, body.detail], name).toEqual([201, undefined])
    for (const [name, { status, body }] of await execute(`${list}/{provisioningRequestId}`, 'PUT', id))
      expect([status, body.detail], name).toEqual([200, undefined])
    expect((await toTheEnd(server.url, id)).body.status.provisioningPhase).toBe('FULFILLED')
  })

  test('of O-Clouds and templates are accepted', async () => {
    const oClouds = await execute('/o2ims/v1/ocloud', 'POST')
    for (const [name, { status, body }] of oClouds) {
      expect([status, body.detail], name).toEqual([201, undefined])
      expect(body.status.reachable, name).toBe(name === 'simulated')
    }
    const simulated = oClouds.get('simulated')?.body.oCloudId
    for (const [name, { status, body }] of await execute('/o2ims/v1/ocloud/{oCloudId}', 'PUT', simulated))
      expect([status, body.detail], name).toEqual([200, undefined])
    for (const [name, { status, body }] of await execute('/o2ims/v1/templates', 'POST'))
      expect([status, body.detail], name).toEqual([201, undefined])
  })

  test('of subscriptions are accepted', async () => {
    for (const path of ['/o2ims/v1/subscriptions', '/O2ims_infrastructureInventory/v2/subscriptions'])
      for (const [name, { status, body }] of await execute(path, 'POST'))
        expect([status, body.detail], name).toEqual([201, undefined])
  })

  test('of the template that they publish can be asked for', async () => {
    const answer = await call(`${server.url}/o2ims/v1/provisioningRequests`, 'POST', {
      ...frontDoorExamples.workload.value,
      provisioningRequestId: 'own-template',
      templateName: 'my-workload',
      templateParameters: { oCloud: 'sim-lab-1' },
    })
    expect([answer.status, answer.body.detail]).toEqual([201, undefined])
    expect((await toTheEnd(server.url, 'own-template')).body.status.provisioningPhase).toBe('FULFILLED')
  })
})
