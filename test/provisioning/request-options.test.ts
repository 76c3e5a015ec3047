import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi, THINGS, thingsRequest } from '../harness/api.ts'
import { call, follow, toTheEnd } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'

const FRONT = '/o2ims/v1/provisioningRequests'
const CANONICAL = '/O2ims_infrastructureProvisioning/v1/provisioningRequests'
const approval = { required: true, approvers: ['platform-team', 'network-team'] }
const maintenanceWindow = { schedule: '0 2 * * SUN', durationSeconds: 60, timeZone: 'Asia/Taipei' }

describe('the options that act in the queue, over HTTP', needs('redis'), () => {
  let api: TestApi
  let front: string
  beforeAll(async () => {
    api = await startTestApi()
    front = api.url + FRONT
  })
  afterAll(() => api?.close())

  const post = (id: string, options: object) => call(front, 'POST', thingsRequest(id, { options }))
  const decide = (id: string, how: 'approve' | 'reject', approver: string, comment?: string) =>
    call(`${front}/${id}/${how}`, 'POST', { approver, ...(comment && { comment }) })

  describe('approval', () => {
    test('holds the request until one of the approvers approves it; then it runs, and everybody can see who it was', async () => {
      const posted = await post('to-approve', { approval })
      expect(posted.status).toBe(201)
      expect(posted.body.status).toMatchObject({
        provisioningPhase: 'PENDING',
        message: 'waiting for approval by platform-team or network-team',
      })
      expect(posted.body.progress.approval).toEqual({ ...approval, state: 'PENDING' })
      const following = follow(`${front}/to-approve/events`, AbortSignal.timeout(20_000))

      const stranger = await decide('to-approve', 'approve', 'somebody')
      expect([stranger.status, stranger.body.code]).toEqual([403, 'FORBIDDEN'])
      expect((await call(`${front}/to-approve`)).body.status.provisioningPhase).toBe('PENDING')

      const yes = await decide('to-approve', 'approve', 'network-team', 'fine with us')
      expect([yes.status, yes.headers.get('location')]).toEqual([202, `${FRONT}/to-approve`])
      const noted = { state: 'APPROVED', approver: 'network-team', comment: 'fine with us', verified: false }
      expect(yes.body.progress.approval).toMatchObject(noted)

      const events = await following
      expect(events.find(({ data }) => data.approval?.state === 'APPROVED')?.data).toMatchObject({ approval: noted })
      expect(events.at(-1)).toMatchObject({ event: 'end', data: { provisioningPhase: 'FULFILLED' } })
      const report = await call(`${front}/to-approve/report`, 'GET', undefined, { accept: 'application/json' })
      expect(report.body.approval).toMatchObject(noted)
      const text = await call(`${front}/to-approve/report`, 'GET', undefined, { accept: 'text/markdown' })
      expect(text.body).toContain('APPROVED by network-team (not verified)')
      const audit = api
        .log()
        .split('\n')
        .filter((line) => line.includes('"audit":true') && line.includes('to-approve'))
        .map((line) => JSON.parse(line))
      expect(audit).toMatchObject([
        { action: 'approve', approver: 'network-team', comment: 'fine with us', generation: 1, verified: false },
      ])
    })

    test('is given once: the same again changes nothing, the contrary is a 409', async () => {
      await post('approved-twice', { approval })
      const first = await decide('approved-twice', 'approve', 'platform-team')
      const again = await decide('approved-twice', 'approve', 'platform-team')
      expect([first.status, again.status]).toEqual([202, 202])
      expect(again.body.progress.approval).toEqual(first.body.progress.approval)
      expect((await decide('approved-twice', 'reject', 'platform-team')).status).toBe(409)
      await toTheEnd(api.url, 'approved-twice')
      expect((await decide('approved-twice', 'approve', 'platform-team')).status).toBe(202)
    })

    test('that is refused ends the request FAILED with who and why', async () => {
      await post('to-reject', { approval })
      const no = await decide('to-reject', 'reject', 'platform-team', 'no room')
      expect([no.status, no.body.status.provisioningPhase]).toEqual([202, 'FAILED'])
      expect(no.body.status.message).toBe('rejected by platform-team: no room')
      expect(no.body.progress.error).toMatchObject({ code: 'CANCELLED', exitCode: 6, step: null })
      expect((await decide('to-reject', 'reject', 'platform-team')).status).toBe(202)
      expect((await decide('to-reject', 'approve', 'platform-team')).body.code).toBe('WRONG_PHASE')
      expect(api.world.things.size).toBeGreaterThan(0)
    })

    test('is needed anew after every PUT, on the canonical path as well, where the options stay', async () => {
      const body = thingsRequest('anew', { options: { approval } })
      await call(front, 'POST', body)
      await decide('anew', 'approve', 'platform-team')
      await toTheEnd(api.url, 'anew')
      const { options: _o, ...data } = body as Record<string, unknown>
      expect((await call(`${api.url}${CANONICAL}/anew`, 'PUT', { ...data, name: 'renamed' })).status).toBe(200)
      const waiting = await call(`${front}/anew`)
      expect(waiting.body.progress.approval).toEqual({ ...approval, state: 'PENDING' })
      expect(waiting.body.status.provisioningPhase).toBe('PENDING')
      expect((await call(`${front}/anew`, 'PUT', thingsRequest('anew'))).body.progress).not.toHaveProperty('approval')
      expect((await toTheEnd(api.url, 'anew')).body.status.provisioningPhase).toBe('FULFILLED')
    })

    test('cannot be given to what does not wait for it, does not exist, or without a name', async () => {
      await call(front, 'POST', thingsRequest('never-asked'))
      expect((await decide('never-asked', 'approve', 'platform-team')).status).toBe(409)
      expect((await decide('nobody', 'approve', 'platform-team')).status).toBe(404)
      for (const body of [{}, { approver: '' }, { approver: 'two\nlines' }, { approver: 'a', reason: 'b' }])
        expect((await call(`${front}/never-asked/approve`, 'POST', body)).status).toBe(400)
    })

    test('is given by the approvers that the template names, and the request names no others in their place', async () => {
      const guarded = { ...THINGS, name: 'guarded', approvers: ['ann', 'bob'] }
      expect((await call(`${api.url}/o2ims/v1/templates`, 'POST', guarded)).status).toBe(201)
      const ask = (id: string, asked: object) =>
        call(front, 'POST', thingsRequest(id, { templateName: 'guarded', options: { approval: asked } }))
      const posted = await ask('guarded', { required: true })
      expect(posted.body.status.message).toBe('waiting for approval by ann or bob')
      expect((await decide('guarded', 'reject', 'eve')).status).toBe(403)
      expect((await decide('guarded', 'approve', 'bob')).status).toBe(202)
      const refused = await ask('self-service', { required: true, approvers: ['ann', 'eve'] })
      expect([refused.status, refused.body.errors[0].pointer]).toEqual([422, '/options/approval/approvers/1'])
    })

    test('does not hold back a cancel or a DELETE', async () => {
      await post('cancelled', { approval })
      expect((await call(`${front}/cancelled/cancel`, 'POST')).body.status.provisioningPhase).toBe('FAILED')
      await post('deleted', { approval })
      expect((await call(`${front}/deleted`, 'DELETE')).status).toBe(202)
      await toTheEnd(api.url, 'deleted')
      expect((await call(`${front}/deleted`)).status).toBe(404)
    })
  })

  test('a maintenance window holds the request PENDING and says until when; DELETE does not wait', async () => {
    const posted = await post('for-sunday', { maintenanceWindow })
    const { message, provisioningPhase } = posted.body.status
    expect(provisioningPhase).toBe('PENDING')
    expect(message).toMatch(/^waiting for the maintenance window until \d{4}-\d\d-\d\dT18:00:00\.000Z$/)
    expect(posted.body.options).toEqual({ maintenanceWindow })
    expect((await call(`${front}/for-sunday/cancel`, 'POST')).body.status.provisioningPhase).toBe('FAILED')
    expect((await call(`${front}/for-sunday/retry`, 'POST')).body.status.message).toBe(message)
    expect((await call(`${front}/for-sunday`, 'DELETE')).status).toBe(202)
    await toTheEnd(api.url, 'for-sunday')
    expect((await call(`${front}/for-sunday`)).status).toBe(404)
  })

  test('options that cannot act are refused with a pointer', async () => {
    const pointers = async (options: object) => {
      const { status, body } = await post('refused', options)
      return [status, body.errors?.map(({ pointer }: { pointer: string }) => pointer)]
    }
    const schedule = '/options/maintenanceWindow/schedule'
    expect(await pointers({ maintenanceWindow: { schedule: '0 0 31 2 *', durationSeconds: 60 } })).toEqual([
      422,
      [schedule],
    ])
    expect(await pointers({ maintenanceWindow: { schedule: 'on sundays', durationSeconds: 60 } })).toEqual([
      422,
      [schedule],
    ])
    expect(
      await pointers({ maintenanceWindow: { schedule: '0 2 * * SUN', durationSeconds: 60, timeZone: 'Mars/North' } }),
    ).toEqual([422, ['/options/maintenanceWindow/timeZone']])
    expect(await pointers({ rollbackOnFailure: true, cleanupOnFailure: false })).toEqual([
      422,
      ['/options/rollbackOnFailure'],
    ])
    expect(await pointers({ approval: { required: false, approvers: ['a'] } })).toEqual([
      422,
      ['/options/approval/approvers'],
    ])
    expect(await pointers({ priority: 0 })).toEqual([400, ['/options/priority']])
    expect(await pointers({ priority: 101 })).toEqual([400, ['/options/priority']])
    expect(await pointers({ retries: 11 })).toEqual([400, ['/options/retries']])
    expect(await pointers({ maintenanceWindow: { schedule: '0 2 * * SUN', durationSeconds: 1 } })).toEqual([
      400,
      ['/options/maintenanceWindow/durationSeconds'],
    ])
    expect((await call(`${front}/refused`)).status).toBe(404)
  })

  test('a failed PUT with rollbackOnFailure says in the answer what stands again', async () => {
    const rollbackOnFailure = true
    await call(front, 'POST', thingsRequest('back', { options: { rollbackOnFailure } }))
    await toTheEnd(api.url, 'back')
    const parameters = { oCloud: 'sim-1', first: 'back-1', second: 'back-2' }
    const options = { rollbackOnFailure, simulation: { failAt: 'two' } }
    await call(`${front}/back`, 'PUT', thingsRequest('back', { templateParameters: parameters, options }))
    const { body } = await toTheEnd(api.url, 'back')
    expect(body.progress.error).toMatchObject({ code: 'SIMULATED_FAILURE', step: 'two', rolledBackTo: 1, left: [] })
    expect(body.status.message).toMatch(/; rolled back to generation 1$/)
    expect(body.provisioningRequestData.templateParameters).toEqual(parameters)
    expect([...api.world.things]).not.toContain('back-1')
    const text = await call(`${front}/back/report`, 'GET', undefined, { accept: 'text/markdown' })
    expect(text.body).toContain('generation 1 stands again')
  })
})

describe('the priority of requests, with one worker', needs('redis'), () => {
  test('decides who is next; a PUT changes it while the request waits, and DELETE has it too', async () => {
    const api = await startTestApi({ concurrency: 1 })
    try {
      const front = api.url + FRONT
      const busy = Promise.withResolvers<void>()
      const atWork = Promise.withResolvers<void>()
      api.world.duringApply = async (name) => {
        if (name !== 'busy-1') return
        atWork.resolve()
        await busy.promise
      }
      const body = (id: string, priority?: number) =>
        thingsRequest(id, {
          templateParameters: { oCloud: 'sim-1', first: `${id}-1`, second: `${id}-2` },
          ...(priority && { options: { priority } }),
        })
      const ids = ['done', 'busy', 'low', 'usual', 'usual-too', 'urgent']
      await call(front, 'POST', body('done', 70))
      await toTheEnd(api.url, 'done')
      await call(front, 'POST', body('busy'))
      await atWork.promise
      await call(front, 'POST', body('low', 10))
      await call(front, 'POST', body('usual'))
      await call(front, 'POST', body('usual-too'))
      await call(front, 'POST', body('urgent', 90))
      expect((await call(`${front}/low`, 'PUT', body('low', 100))).status).toBe(200)
      await call(`${front}/done`, 'DELETE')
      busy.resolve()
      await Promise.all(ids.map((id) => toTheEnd(api.url, id)))
      const order = api.world.calls.flatMap((line) => line.match(/^(apply|undo) (.+)-1$/)?.[2] ?? [])
      expect(order).toEqual(['done', 'busy', 'low', 'urgent', 'done', 'usual', 'usual-too'])
    } finally {
      await api.close()
    }
  })
})
