import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi, THINGS, thingsRequest } from '../../harness/api.ts'
import { call } from '../../harness/client.ts'
import { needs } from '../../harness/needs.ts'

describe('templates over HTTP', needs('redis'), () => {
  let api: TestApi
  let list: string

  beforeAll(async () => {
    api = await startTestApi({ worker: false })
    list = `${api.url}/o2ims/v1/templates`
  })
  afterAll(() => api?.close())

  test('POST publishes one version, GET answers it as it was sent, and the same again is a 409', async () => {
    const sent = { ...THINGS, version: '1.1.0' }
    const answer = await call(list, 'POST', sent)
    expect([answer.status, answer.headers.get('location')]).toEqual([201, '/o2ims/v1/templates/things/1.1.0'])
    const one = await call(`${list}/things/1.1.0`)
    expect(one.body).toEqual(sent)
    expect(one.headers.get('etag')).toBe(answer.headers.get('etag'))
    const known = await call(`${list}/things/1.1.0`, 'GET', undefined, {
      'if-none-match': one.headers.get('etag') ?? '',
    })
    expect([known.status, known.body]).toEqual([304, ''])
    expect((await call(list, 'POST', sent)).body).toMatchObject({ status: 409, code: 'ALREADY_EXISTS' })
  })

  test('GET lists them', async () => {
    const { body } = await call(list)
    expect(body.map((one: { version: string }) => one.version)).toContain('1.0.0')
    expect((await call(`${list}?x=1`)).status).toBe(400)
  })

  test.each([
    ['no steps', { steps: [] }, '/steps'],
    ['a version that is none', { version: 'latest' }, '/version'],
    ['a name with a slash', { name: 'a/b' }, '/name'],
    ['an unknown result', { result: 'pods' }, '/result'],
    ['a deadline of more than a day', { timeoutSeconds: 90_000 }, '/timeoutSeconds'],
    ['a schema that is a string', { parameterSchema: '{}' }, '/parameterSchema'],
    ['an unknown field', { owner: 'me' }, '/owner'],
    ['an unknown field of a step', { steps: [{ name: 'a', uses: 'thing', when: 'now' }] }, '/steps/0/when'],
  ])('refuses %s with 400 and a pointer', async (_what, change, pointer) => {
    const answer = await call(list, 'POST', { ...THINGS, version: '2.0.0', ...change })
    expect([answer.status, answer.body.code, answer.body.errors[0].pointer]).toEqual([400, 'INVALID_ARGS', pointer])
  })

  test.each([
    ['an unknown kind of step', { steps: [{ name: 'a', uses: 'magic' }] }],
    ['an unknown reference', { steps: [{ name: 'a', uses: 'thing', with: { thing: '{{ nowhere }}' } }] }],
    ['an open root schema', { parameterSchema: { type: 'object' } }],
  ])('refuses %s with 422 and pointers', async (_what, change) => {
    const answer = await call(list, 'POST', { ...THINGS, version: '2.0.0', ...change })
    expect([answer.status, answer.body.code]).toEqual([422, 'INVALID_TEMPLATE'])
    expect(answer.body.errors.length).toBeGreaterThan(0)
  })

  test('DELETE answers 204, 412 with an old ETag, 409 while a request names it; PUT is a 405', async () => {
    const { headers } = await call(list, 'POST', { ...THINGS, version: '3.0.0' })
    const one = `${list}/things/3.0.0`
    expect((await call(one, 'PUT', THINGS)).headers.get('allow')).toBe('GET, HEAD, DELETE, OPTIONS')
    expect((await call(one, 'DELETE', undefined, { 'if-match': '"77"' })).status).toBe(412)
    expect((await call(one, 'DELETE', undefined, { 'if-match': headers.get('etag') ?? '' })).status).toBe(204)
    expect((await call(one, 'DELETE')).status).toBe(404)
    await call(`${api.url}/o2ims/v1/provisioningRequests`, 'POST', thingsRequest('user'))
    expect((await call(`${list}/things/1.0.0`, 'DELETE')).body).toMatchObject({ status: 409, code: 'IN_USE' })
    expect((await call(`${list}/things/1.0`)).status).toBe(400)
    expect((await call(`${list}/nothing/1.0.0`)).status).toBe(404)
  })
})
