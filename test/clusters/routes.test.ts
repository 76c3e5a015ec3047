import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi, thingsRequest } from '../harness/api.ts'
import { call, toTheEnd } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'

const KUBECONFIG = `apiVersion: v1
kind: Config
clusters: [{ name: edge, cluster: { server: 'https://127.0.0.1:1' } }]
contexts: [{ name: edge, context: { cluster: edge, user: edge } }]
current-context: edge
users: [{ name: edge, user: { token: tok-marked-secret } }]
`

describe('O-Clouds over HTTP', needs('redis'), () => {
  let api: TestApi
  let list: string

  beforeAll(async () => {
    api = await startTestApi()
    list = `${api.url}/o2ims/v1/ocloud`
  })
  afterAll(() => api?.close())

  const register = (body: object) => call(list, 'POST', body)

  test('POST answers 201 with Location, ETag, and a status that was asked for', async () => {
    const place = {
      description: 'Edge site',
      location: { name: 'Hsinchu', coordinate: { type: 'Point', coordinates: [120.99, 24.78] } },
      labels: { 'o2ims.dev/tier': 'edge' },
    }
    const answer = await register({ name: 'sim-2', ...place, simulated: true })
    expect(answer.status).toBe(201)
    expect(answer.headers.get('location')).toBe(`/o2ims/v1/ocloud/${answer.body.oCloudId}`)
    expect(answer.body).toMatchObject({ name: 'sim-2', ...place, simulated: true, managed: false })
    expect(answer.body.status).toMatchObject({ reachable: true, nodes: 3, capacity: { cpu: '48' } })
    const one = await call(`${list}/${answer.body.oCloudId}`)
    expect(one.headers.get('etag')).toBe(answer.headers.get('etag'))
    expect((await register({ name: 'sim-2', simulated: true })).body).toMatchObject({
      status: 409,
      code: 'ALREADY_EXISTS',
    })
  })

  test('endpoints and compliance are stored, answered, replaced by PUT', async () => {
    const said = {
      endpoints: [
        { name: 'api-server', url: 'https://192.0.2.45:6443', protocol: 'https' },
        { name: 'metrics', url: 'https://192.0.2.45:9090', protocol: 'https' },
      ],
      compliance: { oran: 'WG6.O2-v2.0', kubernetes: 'v1.28' },
    }
    const { status, body } = await register({ name: 'told', simulated: true, ...said })
    expect([status, body]).toMatchObject([201, said])
    const one = `${list}/${body.oCloudId}`
    expect((await call(one)).body).toMatchObject(said)
    expect((await call(list)).body).toContainEqual(expect.objectContaining({ name: 'told', ...said }))
    const changed = await call(one, 'PUT', { name: 'told', compliance: { oran: 'next' } })
    expect(changed.body).toMatchObject({ compliance: { oran: 'next' } })
    expect(changed.body).not.toHaveProperty('endpoints')
  })

  test.each([
    ['no URL', { url: '172.16.4.45:6443' }, 'url'],
    ['a password', { url: 'https://admin:pass-word-1@192.0.2.1' }, 'url'],
    ['another protocol than the URL', { url: 'http://192.0.2.1' }, 'url'],
    ['a protocol that nobody speaks', { protocol: 'gopher' }, 'protocol'],
    ['an unknown field', { port: 1 }, 'port'],
  ])('an endpoint with %s is refused with its pointer, and the URL is not repeated', async (_what, change, field) => {
    const endpoint = { name: 'api-server', url: 'https://192.0.2.45:6443', protocol: 'https', ...change }
    const answer = await register({ name: 'x', simulated: true, endpoints: [endpoint] })
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, `/endpoints/0/${field}`])
    expect(JSON.stringify(answer.body)).not.toContain('pass-word-1')
  })

  test('a kubeconfig never comes back, and one that points nowhere reads as not reachable', async () => {
    const answer = await register({ name: 'real', kubeconfig: KUBECONFIG })
    expect(answer.status).toBe(201)
    expect(answer.body).toMatchObject({ simulated: false, status: { reachable: false, message: expect.any(String) } })
    const one = await call(`${list}/${answer.body.oCloudId}`)
    const all = await call(list)
    for (const { body } of [answer, one, all]) expect(JSON.stringify(body)).not.toMatch(/marked-secret|kubeconfig/)
    const kubeconfig = await call(`${list}/${answer.body.oCloudId}/kubeconfig`)
    expect([kubeconfig.status, kubeconfig.body.code]).toEqual([403, 'FORBIDDEN'])
    expect(api.log()).not.toContain('marked-secret')
  })

  test.each([
    ['neither kubeconfig nor simulated', { name: 'x' }, '/kubeconfig'],
    ['simulated: false without kubeconfig', { name: 'x', simulated: false }, '/kubeconfig'],
    ['both', { name: 'x', simulated: true, kubeconfig: KUBECONFIG }, '/kubeconfig'],
    ['a name with shell characters', { name: 'x; rm -rf /', simulated: true }, '/name'],
    ['no name', { simulated: true }, '/name'],
    ['a kubeconfig that is an object', { name: 'x', kubeconfig: {} }, '/kubeconfig'],
    ['an unknown field', { name: 'x', simulated: true, status: {} }, '/status'],
    ['a label that is a number', { name: 'x', simulated: true, labels: { a: 1 } }, '/labels/a'],
    [
      'a point with one coordinate',
      { name: 'x', simulated: true, location: { coordinate: { type: 'Point', coordinates: [1] } } },
      '/location/coordinate/coordinates',
    ],
  ])('refuses %s with 400 and a pointer', async (_what, body, pointer) => {
    const answer = await register(body)
    expect([answer.status, answer.body.code, answer.body.errors[0].pointer]).toEqual([400, 'INVALID_ARGS', pointer])
  })

  test.each([
    ['none', 'not a kubeconfig'],
    [
      'exec',
      KUBECONFIG.replace(
        'token: tok-marked-secret',
        'exec: { command: /bin/sh, apiVersion: client.authentication.k8s.io/v1 }',
      ),
    ],
    ['a file', KUBECONFIG.replace('token: tok-marked-secret', 'tokenFile: /etc/passwd')],
  ])('refuses a kubeconfig with %s with 422, without repeating it', async (_what, kubeconfig) => {
    const answer = await register({ name: 'bad', kubeconfig })
    expect([answer.status, answer.body.code]).toEqual([422, 'INVALID_KUBECONFIG'])
    expect(JSON.stringify(answer.body)).not.toMatch(/marked-secret|\/bin\/sh|passwd/)
  })

  test('PUT keeps the kubeconfig, cannot change what kind it is, and honours If-Match', async () => {
    const { body, headers } = await register({ name: 'changing', kubeconfig: KUBECONFIG })
    const one = `${list}/${body.oCloudId}`
    const tag = headers.get('etag') ?? ''
    const put = (change: object, more: Record<string, string> = {}) =>
      call(one, 'PUT', { name: 'changing', ...change }, more)
    expect((await put({}, { 'if-match': '"99"' })).body.code).toBe('PRECONDITION_FAILED')
    expect((await put({}, { 'if-match': '"1-0"' })).body.code).toBe('PRECONDITION_FAILED')
    expect((await put({}, { 'if-match': 'nonsense' })).status).toBe(400)
    const changed = await put({ description: 'new words' }, { 'if-match': tag })
    expect([changed.status, changed.body.description]).toEqual([200, 'new words'])
    expect(changed.headers.get('etag')).not.toBe(tag)
    expect((await put({}, { 'if-match': tag })).status).toBe(412)
    expect((await put({ simulated: true })).body).toMatchObject({ status: 422, code: 'IMMUTABLE' })
    expect((await call(`${list}/00000000-0000-4000-8000-000000000000`, 'PUT', { name: 'x' })).status).toBe(404)
  })

  test('DELETE answers 204, 412 with an old ETag, and 409 while a request names it', async () => {
    const { body, headers } = await register({ name: 'used', simulated: true })
    const one = `${list}/${body.oCloudId}`
    const requests = `${api.url}/o2ims/v1/provisioningRequests`
    await call(
      requests,
      'POST',
      thingsRequest('user', { templateParameters: { oCloud: 'used', first: 'u1', second: 'u2' } }),
    )
    await toTheEnd(api.url, 'user')
    const refused = await call(one, 'DELETE')
    expect([refused.status, refused.body.code]).toEqual([409, 'IN_USE'])
    expect(refused.body.detail).toContain('user')
    await call(`${requests}/user?orphan=true`, 'DELETE')
    expect((await call(one, 'DELETE', undefined, { 'if-match': '"99"' })).status).toBe(412)
    expect((await call(one, 'DELETE', undefined, { 'if-match': headers.get('etag') ?? '' })).status).toBe(204)
    expect((await call(one)).body).toMatchObject({ status: 404, code: 'NOT_FOUND' })
    expect((await call(one, 'DELETE')).status).toBe(404)
  })

  test('the kubeconfig of a cluster that was made here comes as YAML, and is written to the audit log without its content', async () => {
    const oCloudId = await api.oClouds.registerManaged({
      name: 'made-here',
      kubeconfig: KUBECONFIG,
      madeBy: { provisioningRequestId: 'gone', reference: 'c2b05a1c-5a0e-4e0c-8d8e-0c4c5a0f6b11', step: 'cluster' },
    })
    const answer = await call(`${list}/${oCloudId}/kubeconfig`)
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([
      200,
      'application/yaml',
      'no-store',
    ])
    expect(answer.body).toBe(KUBECONFIG)
    expect(api.log()).toMatch(new RegExp(`"audit":true,"action":"kubeconfig-read","oCloudId":"${oCloudId}"`))
    expect(api.log()).not.toContain('marked-secret')
    expect((await call(`${list}/${oCloudId}`)).body).toMatchObject({ managed: true, madeBy: { step: 'cluster' } })
    expect(
      (await call(`${list}/${oCloudId}/kubeconfig`, 'GET', undefined, { accept: 'application/json' })).status,
    ).toBe(406)
    expect((await call(`${list}/${oCloudId}/kubeconfig`, 'HEAD')).status).toBe(405)
  })

  test('GET lists all with their statuses, also when one is away', async () => {
    const { status, body } = await call(list)
    expect(status).toBe(200)
    const states = new Map(
      body.map((one: { name: string; status: { reachable: boolean } }) => [one.name, one.status.reachable]),
    )
    expect([states.get('sim-1'), states.get('real')]).toEqual([true, false])
    expect((await call(`${list}?limit=1`)).headers.get('link')).toContain('rel="next"')
    expect((await call(`${list}?name=x`)).status).toBe(400)
  })

  test.each(['a%20b', '..%2f', `${'a'.repeat(65)}`])('the id %s is a 400', async (id) => {
    expect((await call(`${list}/${id}`)).body.code).toBe('INVALID_ARGS')
  })
})
