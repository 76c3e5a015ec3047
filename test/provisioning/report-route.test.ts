import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi, thingsRequest } from '../harness/api.ts'
import { call, toTheEnd } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'

describe('the report of a request', needs('redis'), () => {
  let api: TestApi
  let front: string

  beforeAll(async () => {
    api = await startTestApi()
    front = `${api.url}/o2ims/v1/provisioningRequests`
  })
  afterAll(() => api?.close())

  const report = (id: string, accept?: string) =>
    call(`${front}/${id}/report`, 'GET', undefined, accept === undefined ? {} : { accept })

  test('says before the end that it is unfinished', async () => {
    const gate = Promise.withResolvers<void>()
    api.world.duringApply = (name) => (name === 'gated' ? gate.promise : Promise.resolve())
    await call(front, 'POST', thingsRequest('unfinished', { templateParameters: { oCloud: 'sim-1', first: 'gated' } }))
    await eventually(async () =>
      expect((await report('unfinished', 'application/json')).body).toMatchObject({
        finished: false,
        provisioningPhase: 'PROGRESSING',
      }),
    )
    expect((await report('unfinished')).body).toContain('**Unfinished:**')
    gate.resolve()
    await toTheEnd(api.url, 'unfinished')
    expect((await report('unfinished')).body).not.toContain('Unfinished')
  })

  test('tells what was made, how long it took, how to reach it and how to undo it', async () => {
    await call(front, 'POST', thingsRequest('made', { name: 'two | *things*' }))
    await toTheEnd(api.url, 'made')
    const { body: json } = await report('made', 'application/json')
    const oCloudId = json.access[0].oCloudId
    expect(json).toMatchObject({
      finished: true,
      simulated: true,
      provisioningPhase: 'FULFILLED',
      template: { name: 'things', version: '1.0.0' },
      durationMs: expect.any(Number),
      access: [{ oCloudId, oCloud: `/o2ims/v1/ocloud/${oCloudId}` }],
      undo: { method: 'DELETE', path: '/o2ims/v1/provisioningRequests/made' },
    })
    expect((await call(api.url + json.access[0].oCloud)).body.name).toBe('sim-1')
    const answer = await report('made')
    expect(answer.headers.get('content-type')).toBe('text/markdown; charset=utf-8')
    expect(answer.headers.get('vary')).toBe('Accept')
    expect(answer.body).toMatch(/^# two \\\| \\\*things\\\*: FULFILLED\n/)
    expect(answer.body).toContain('**Simulated:**')
    expect(answer.body).toMatch(/\| one \| thing \| SUCCEEDED \| \d+\.\d s \|/)
    expect(answer.body).toContain('| one | Thing (v1) |  | a | created |')
    expect(answer.body).toContain('`DELETE /o2ims/v1/provisioningRequests/made`')
  })

  test('of a failure names code, step, cause, and what was undone', async () => {
    await call(front, 'POST', thingsRequest('fails', { options: { simulation: { failAt: 'two' } } }))
    await toTheEnd(api.url, 'fails')
    const { body: json } = await report('fails', 'application/json')
    expect(json.error).toMatchObject({
      code: 'SIMULATED_FAILURE',
      step: 'two',
      undone: [{ kind: 'Thing', name: 'a' }],
      left: [],
    })
    const { body: text } = await report('fails')
    expect(text).toContain('**SIMULATED_FAILURE** in step two: ')
    expect(text).toContain('Undone:')
    expect(text).toContain('Nothing was left behind.')
  })

  test.each([
    [undefined, 'text/markdown; charset=utf-8'],
    ['*/*', 'text/markdown; charset=utf-8'],
    ['text/*', 'text/markdown; charset=utf-8'],
    ['application/json', 'application/json; charset=utf-8'],
    ['text/markdown;q=0.1, application/json', 'application/json; charset=utf-8'],
    ['application/*;q=0.5, text/markdown;q=0.4', 'application/json; charset=utf-8'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html; charset=utf-8'],
  ])('honours Accept: %s', async (accept, type) => {
    expect((await report('made', accept)).headers.get('content-type')).toBe(type)
  })

  test.each(['image/png', 'text/plain', 'application/json;q=0', 'text/*;q=0, application/json;q=0'])(
    'answers 406 to Accept: %s',
    async (accept) => {
      expect((await report('made', accept)).body).toMatchObject({ status: 406, code: 'NOT_ACCEPTABLE' })
    },
  )
})
