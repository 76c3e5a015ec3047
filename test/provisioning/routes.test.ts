import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi, thingsRequest } from '../harness/api.ts'
import { call, follow, toTheEnd } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'

const FRONT = '/o2ims/v1/provisioningRequests'
const CANONICAL = '/O2ims_infrastructureProvisioning/v1/provisioningRequests'
const ALIASES = ['/o2ims-infrastructureProvisioning/v1', '/o2ims_infrastructureProvisioning/v1']

describe('provisioning requests over HTTP', needs('redis'), () => {
  let api: TestApi
  let front: string
  let canonical: string

  beforeAll(async () => {
    api = await startTestApi()
    front = api.url + FRONT
    canonical = api.url + CANONICAL
  })
  afterAll(() => api?.close())

  describe('POST on the front door', () => {
    test('answers 201 with Location, ETag and the representation, and reaches FULFILLED', async () => {
      const sent = thingsRequest('first', { options: { timeoutSeconds: 30 } })
      const answer = await call(front, 'POST', sent)
      expect(answer.status).toBe(201)
      expect(answer.headers.get('location')).toBe(`${FRONT}/first`)
      expect(answer.headers.get('etag')).toMatch(/^"1-\d+"$/)
      const { options, ...data } = sent as Record<string, unknown>
      expect(answer.body).toMatchObject({
        provisioningRequestData: data,
        options,
        status: { provisioningPhase: 'PENDING' },
        progress: { percent: 0, currentStep: null, generation: 1, deadline: null, simulated: true },
        links: { events: `${FRONT}/first/events`, report: `${FRONT}/first/report` },
      })
      expect(answer.body.progress.steps).toEqual([
        { name: 'one', uses: 'thing', state: 'PENDING' },
        { name: 'two', uses: 'thing', state: 'PENDING' },
      ])

      const { body } = await toTheEnd(api.url, 'first')
      expect(body.status.provisioningPhase).toBe('FULFILLED')
      expect(body.progress).toMatchObject({ percent: 100 })
      expect(body.progress.steps[0]).toMatchObject({
        state: 'SUCCEEDED',
        durationMs: expect.any(Number),
        objects: [{ apiVersion: 'v1', kind: 'Thing', name: 'a', action: 'created' }],
      })
    })

    test('answers 200 to the identical body again, 409 to another one', async () => {
      const sent = thingsRequest('twice')
      expect((await call(front, 'POST', sent)).status).toBe(201)
      const reordered = Object.fromEntries(Object.entries(sent).reverse())
      const again = await call(front, 'POST', reordered)
      expect(again.status).toBe(200)
      expect(again.body.provisioningRequestData.provisioningRequestId).toBe('twice')
      const other = await call(front, 'POST', { ...sent, name: 'other' })
      expect([other.status, other.body.code]).toEqual([409, 'ALREADY_EXISTS'])
      expect((await call(canonical, 'POST', sent)).status).toBe(409)
    })

    test.each([
      ['templateName', { templateName: 'nothing' }, 'UNKNOWN_TEMPLATE'],
      ['templateVersion', { templateVersion: '9.9.9' }, 'UNKNOWN_TEMPLATE'],
      ['templateParameters/oCloud', { templateParameters: {} }, 'TEMPLATE_PARAMETERS'],
      ['templateParameters/oCloud', { templateParameters: { oCloud: 'nowhere' } }, 'TEMPLATE_PARAMETERS'],
      ['templateParameters/x', { templateParameters: { oCloud: 'sim-1', x: 1 } }, 'TEMPLATE_PARAMETERS'],
    ])('refuses what the template refuses with 422 and its pointer: %s', async (place, change, code) => {
      const answer = await call(front, 'POST', thingsRequest('refused', change))
      expect([answer.status, answer.body.code]).toEqual([422, code])
      expect(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toContain(`/${place}`)
      expect((await call(`${front}/refused`)).status).toBe(404)
    })

    test.each([
      ['an alias', '@daily', 'must have five fields'],
      ['seconds', '0 0 2 * * SUN', 'must have five fields'],
      ['the last day', '0 2 L * *', 'day of month'],
      ['31 February', '0 0 31 2 *', 'never comes'],
    ])('refuses a maintenance window with %s with 422 and its pointer', async (_what, schedule, words) => {
      const options = { maintenanceWindow: { schedule, durationSeconds: 3600 } }
      const answer = await call(front, 'POST', thingsRequest('refused', { options }))
      expect([answer.status, answer.body.code]).toEqual([422, 'INVALID_OPTIONS'])
      expect(answer.body.errors).toEqual([
        { pointer: '/options/maintenanceWindow/schedule', message: expect.stringContaining(words) },
      ])
    })

    test.each([
      ['a blank in the id', { provisioningRequestId: 'a b' }, '/provisioningRequestId'],
      ['a slash in the id', { provisioningRequestId: 'a/b' }, '/provisioningRequestId'],
      ['an empty id', { provisioningRequestId: '' }, '/provisioningRequestId'],
      ['an id of 129 characters', { provisioningRequestId: 'a'.repeat(129) }, '/provisioningRequestId'],
      ['an id that starts with a dot', { provisioningRequestId: '.a' }, '/provisioningRequestId'],
      ['a name that is a number', { name: 5 }, '/name'],
      ['parameters that are a list', { templateParameters: [] }, '/templateParameters'],
      ['an unknown field', { colour: 'red' }, '/colour'],
      ['an unknown option', { options: { nonsense: 1 } }, '/options/nonsense'],
      ['a deadline of 0 s', { options: { timeoutSeconds: 0 } }, '/options/timeoutSeconds'],
      ['a deadline of more than a day', { options: { timeoutSeconds: 86_401 } }, '/options/timeoutSeconds'],
      [
        'an approver who is named twice',
        { options: { approval: { required: true, approvers: ['ann', 'bob', 'ann'] } } },
        '/options/approval/approvers/2',
      ],
      ['an unknown simulation option', { options: { simulation: { crash: true } } }, '/options/simulation/crash'],
    ])('refuses %s with 400 and a pointer', async (_what, change, pointer) => {
      const answer = await call(front, 'POST', { ...thingsRequest('bad'), ...change })
      expect([answer.status, answer.body.code]).toEqual([400, 'INVALID_ARGS'])
      expect(answer.body.errors[0].pointer).toBe(pointer)
    })

    test('takes an id of 128 characters everywhere', async () => {
      const id = 'a'.repeat(128)
      expect((await call(front, 'POST', thingsRequest(id))).status).toBe(201)
      expect((await call(`${front}/${id}`)).status).toBe(200)
    })
  })

  describe('the canonical path', () => {
    test('takes and answers what the specification defines and nothing else', async () => {
      const sent = thingsRequest('canonical-1')
      const posted = await call(canonical, 'POST', sent)
      expect(posted.status).toBe(201)
      expect(posted.headers.get('location')).toBe(`${CANONICAL}/canonical-1`)
      expect(posted.headers.get('version')).toBe('1.2.0')
      await toTheEnd(api.url, 'canonical-1')
      const { body } = await call(`${canonical}/canonical-1`)
      expect(Object.keys(body).sort()).toEqual([
        'provisionedResourceSet',
        'provisioningRequestData',
        'provisioningRequestReference',
        'status',
      ])
      expect(body.provisioningRequestData).toEqual(sent)
      expect(body.status).toMatchObject({ provisioningPhase: 'FULFILLED', message: expect.any(String) })
      expect(body.status.nodeClusterProvisioningStatus).toBeUndefined()
    })

    test('refuses options, dry runs and paging that only the front door has', async () => {
      const options = await call(canonical, 'POST', thingsRequest('c', { options: {} }))
      expect([options.status, options.body.errors[0].pointer]).toEqual([400, '/options'])
      for (const query of ['dryRun=true', 'limit=5'])
        expect((await call(`${canonical}?${query}`)).status, query).toBe(400)
      expect((await call(`${canonical}/canonical-1/events`)).status).toBe(404)
    })

    test.each(ALIASES)('answers identically under %s', async (alias) => {
      const here = await call(`${canonical}/canonical-1`)
      const there = await call(`${api.url}${alias}/provisioningRequests/canonical-1`)
      expect(there.body).toEqual(here.body)
      for (const name of ['etag', 'version', 'content-type'])
        expect(there.headers.get(name)).toBe(here.headers.get(name))
      const posted = await call(
        `${api.url}${alias}/provisioningRequests`,
        'POST',
        thingsRequest(`at${alias.length}${alias[6]?.charCodeAt(0)}`),
      )
      expect(posted.status).toBe(201)
      expect((await call(api.url + posted.headers.get('location'))).status).toBe(200)
    })

    test.each([CANONICAL, ...ALIASES.map((alias) => `${alias}/provisioningRequests`)])(
      'answers 406 to a version that it does not speak, and says its own always: %s',
      async (path) => {
        const wrong = await call(api.url + path, 'GET', undefined, { version: '2.0.0' })
        expect([wrong.status, wrong.body.code, wrong.headers.get('version')]).toEqual([406, 'NOT_ACCEPTABLE', '1.2.0'])
        expect((await call(api.url + path, 'GET', undefined, { version: '1.2.0' })).status).toBe(200)
        const unknown = await call(`${api.url}${path}/not-there`)
        expect([unknown.status, unknown.headers.get('version')]).toEqual([404, '1.2.0'])
        const method = await call(api.url + path, 'PATCH', {})
        expect([method.status, method.headers.get('version')]).toEqual([405, '1.2.0'])
      },
    )

    test('lists its versions in both places', async () => {
      for (const path of ['', '/v1']) {
        const { status, body } = await call(`${api.url}/O2ims_infrastructureProvisioning${path}/api_versions`)
        expect(status).toBe(200)
        expect(body).toEqual({
          uriPrefix: `${api.url}/O2ims_infrastructureProvisioning/v1/`,
          apiVersions: [{ version: '1.2.0' }],
        })
      }
    })

    test('keeps the options of the front door on PUT', async () => {
      await call(front, 'POST', thingsRequest('options', { options: { timeoutSeconds: 77 } }))
      const put = await call(`${canonical}/options`, 'PUT', thingsRequest('options', { name: 'renamed' }))
      expect(put.status).toBe(200)
      expect((await call(`${front}/options`)).body.options).toEqual({ timeoutSeconds: 77 })
      expect((await call(`${front}/options`, 'PUT', thingsRequest('options'))).body.options).toBeUndefined()
    })
  })

  describe('ETags', () => {
    test('are the same on both paths, answer 304, and guard PUT and DELETE', async () => {
      await call(front, 'POST', thingsRequest('tagged'))
      await toTheEnd(api.url, 'tagged')
      const tag = (await call(`${front}/tagged`)).headers.get('etag') ?? ''
      expect((await call(`${canonical}/tagged`)).headers.get('etag')).toBe(tag)
      for (const header of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
        const known = await call(`${front}/tagged`, 'GET', undefined, { 'if-none-match': header })
        expect([known.status, known.body, known.headers.get('etag')], header).toEqual([304, '', tag])
      }
      expect((await call(`${front}/tagged`, 'GET', undefined, { 'if-none-match': '"9-9"' })).status).toBe(200)

      const change = (headers: Record<string, string>, base = front) =>
        call(`${base}/tagged`, 'PUT', thingsRequest('tagged', { name: 'changed' }), headers)
      for (const header of ['"9-9"', `W/${tag}`, '"1", "2"'])
        expect((await change({ 'if-match': header })).body, header).toMatchObject({
          status: 412,
          code: 'PRECONDITION_FAILED',
        })
      expect((await change({ 'if-match': 'no quotes' })).status).toBe(400)
      expect((await call(`${canonical}/tagged`, 'DELETE', undefined, { 'if-match': '"9-9"' })).status).toBe(412)
      expect((await change({ 'if-match': `"x", ${tag}` })).status).toBe(200)
      expect((await change({ 'if-match': tag }, canonical)).status).toBe(412)
      expect((await change({ 'if-match': '*' }, canonical)).status).toBe(200)
    })

    test('of a request that is gone are none of the one that is made anew', async () => {
      const old = (await call(front, 'POST', thingsRequest('again'))).headers.get('etag') ?? ''
      expect((await call(`${front}/again?orphan=true`, 'DELETE')).status).toBe(202)
      const anew = await call(front, 'POST', thingsRequest('again', { name: 'anew' }))
      expect([anew.status, anew.headers.get('etag') === old]).toEqual([201, false])
      await toTheEnd(api.url, 'again')
      const known = await call(`${front}/again`, 'GET', undefined, { 'if-none-match': old })
      expect([known.status, known.body.provisioningRequestData?.name]).toEqual([200, 'anew'])
      for (const base of [front, canonical])
        expect((await call(`${base}/again`, 'DELETE', undefined, { 'if-match': old })).status).toBe(412)
    })
  })

  test('a PUT with another id is a 422, to an unknown id a 404', async () => {
    await call(front, 'POST', thingsRequest('fixed'))
    for (const base of [front, canonical]) {
      const answer = await call(`${base}/fixed`, 'PUT', thingsRequest('other'))
      expect([answer.status, answer.body.code]).toEqual([422, 'IMMUTABLE'])
      expect((await call(`${base}/missing`, 'PUT', thingsRequest('missing'))).status).toBe(404)
    }
  })

  test.each(['a%20b', 'a%2Fb', '%2e%2e%2fx', 'a'.repeat(129), 'ä'])('the id %s in a path is a 400', async (id) => {
    for (const path of [`${front}/${id}`, `${canonical}/${id}`, `${front}/${id}/events`, `${front}/${id}/report`]) {
      const answer = await call(path)
      expect([answer.status, answer.body.code], path).toEqual([400, 'INVALID_ARGS'])
    }
  })

  test('DELETE answers 202 with Location, then the request is gone; orphan=true says what is left', async () => {
    for (const [id, base, path] of [
      ['gone-1', front, FRONT],
      ['gone-2', canonical, CANONICAL],
    ] as const) {
      await call(front, 'POST', thingsRequest(id))
      await toTheEnd(api.url, id)
      const deleted = await call(`${base}/${id}`, 'DELETE')
      expect([deleted.status, deleted.headers.get('location'), deleted.body]).toEqual([202, `${path}/${id}`, ''])
      await follow(`${front}/${id}/events`, AbortSignal.timeout(10_000))
      expect((await call(`${base}/${id}`)).status).toBe(404)
    }
    await call(front, 'POST', thingsRequest('orphan'))
    await toTheEnd(api.url, 'orphan')
    const answer = await call(`${front}/orphan?orphan=true`, 'DELETE')
    expect(answer.status).toBe(202)
    expect(answer.body).toEqual({
      left: [expect.objectContaining({ name: 'a' }), expect.objectContaining({ name: 'b' })],
    })
    expect((await call(`${front}/orphan`)).status).toBe(404)
    expect(api.log()).toMatch(/"audit":true,"action":"orphan"/)
  })

  test('DELETE said again while something cannot be removed tries it again at once', async () => {
    await call(front, 'POST', thingsRequest('stuck', { templateParameters: { oCloud: 'sim-1', first: 'held' } }))
    await toTheEnd(api.url, 'stuck')
    api.world.duringUndo = async (name) => {
      if (name === 'held') throw new Error('it is held')
    }
    await call(`${front}/stuck`, 'DELETE')
    await eventually(async () => {
      expect((await call(`${front}/stuck`)).body.status.message).toContain('tried again in 5 s')
    })
    api.world.duringUndo = async () => undefined
    // The job is put off a moment after the record says so.
    await eventually(async () => {
      await call(`${front}/stuck`, 'DELETE')
      expect((await call(`${front}/stuck`)).status).toBe(404)
    }, 3_000)
  })

  test('DELETE with orphan=true ends the run first, and removes nothing', async () => {
    api.world.duringApply = async (name, { signal }) => {
      if (name !== 'endless') return
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
    }
    await call(
      front,
      'POST',
      thingsRequest('let-go', { templateParameters: { oCloud: 'sim-1', first: 'begun', second: 'endless' } }),
    )
    await eventually(() => expect(api.world.things.has('endless')).toBe(true))
    const answer = await call(`${front}/let-go?orphan=true`, 'DELETE')
    expect(answer.body.left.map(({ name }: { name: string }) => name)).toEqual(['begun', 'endless'])
    expect((await call(`${front}/let-go`)).status).toBe(404)
    expect(api.log()).not.toContain('a run does not end')
    expect(api.world.calls.filter((made) => /^undo (begun|endless)$/.test(made))).toEqual([])
    api.world.duringApply = async () => undefined
  })

  test('a dry run of a PUT is refused as the PUT would be', async () => {
    await call(front, 'POST', thingsRequest('kept'))
    const other = await call(`${front}/kept?dryRun=true`, 'PUT', thingsRequest('other'))
    expect([other.status, other.body.code]).toEqual([422, 'IMMUTABLE'])
    expect(other.body.errors[0].pointer).toBe('/provisioningRequestId')
  })

  test('cancel and retry answer 202 with Location, and 409 where they make no sense', async () => {
    api.world.duringApply = async (name, { signal }) => {
      if (name !== 'hangs') return
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
    }
    await call(front, 'POST', thingsRequest('stopped', { templateParameters: { oCloud: 'sim-1', first: 'hangs' } }))
    const cancelled = await call(`${front}/stopped/cancel`, 'POST')
    expect([cancelled.status, cancelled.headers.get('location')]).toEqual([202, `${FRONT}/stopped`])
    expect(cancelled.body.links).toBeDefined()
    const ended = await toTheEnd(api.url, 'stopped')
    expect(ended.body.progress.error).toMatchObject({ code: 'CANCELLED', exitCode: 6, left: [] })
    expect((await call(`${front}/stopped/cancel`, 'POST')).body.code).toBe('WRONG_PHASE')
    api.world.duringApply = async () => undefined
    const retried = await call(`${front}/stopped/retry`, 'POST')
    expect([retried.status, retried.body.progress.generation, retried.body.progress.percent]).toEqual([202, 2, 0])
    expect((await toTheEnd(api.url, 'stopped')).body.status.provisioningPhase).toBe('FULFILLED')
    for (const verb of ['cancel', 'retry']) {
      expect((await call(`${front}/stopped/${verb}`, 'POST', { now: true })).status).toBe(400)
      expect((await call(`${front}/missing/${verb}`, 'POST')).status).toBe(404)
    }
  })

  test('a dry run of POST and PUT answers 200 with the plan and writes nothing', async () => {
    const planned = await call(
      `${front}?dryRun=true`,
      'POST',
      thingsRequest('planned', { templateParameters: { oCloud: 'sim-1', first: 'fresh' } }),
    )
    expect(planned.status).toBe(200)
    expect(planned.body).toMatchObject({
      dryRun: true,
      steps: [
        { name: 'one', uses: 'thing', changes: [{ action: 'create', object: { kind: 'Thing', name: 'fresh' } }] },
        {},
      ],
    })
    expect((await call(`${front}/planned`)).status).toBe(404)
    await call(front, 'POST', thingsRequest('stands'))
    await toTheEnd(api.url, 'stands')
    const same = await call(`${front}?dryRun=true`, 'POST', thingsRequest('stands'))
    const made = (await call(`${front}/stands`)).body.progress.steps[0].objects
    expect(made).toHaveLength(1)
    expect(same.body.steps[0].changes).toEqual([
      { action: 'none', object: expect.objectContaining({ kind: 'Thing', name: made[0].name }) },
    ])
    const put = await call(`${front}/stands?dryRun=true`, 'PUT', thingsRequest('stands', { name: 'renamed' }))
    expect([put.status, put.body.dryRun]).toEqual([200, true])
    expect((await call(`${front}/stands`)).body.provisioningRequestData.name).toBe('two things')
    expect((await call(`${front}?dryRun=perhaps`, 'POST', thingsRequest('x'))).status).toBe(400)
  })
})
