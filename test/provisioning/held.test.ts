import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { approved } from '../../src/provisioning/approval.ts'
import { startDispatcher } from '../../src/provisioning/dispatcher.ts'
import { cancelled, created, deleting, replaced, retried } from '../../src/provisioning/lifecycle.ts'
import type { ProvisioningRecord, RequestOptions } from '../../src/provisioning/record.ts'
import { createRequests } from '../../src/provisioning/requests.ts'
import { Interruption } from '../../src/provisioning/run/interruption.ts'
import { eventually } from '../harness/eventually.ts'
import { createTestStore, silentLog, type TestStore } from '../harness/redis.ts'
import { createTestRun, type TestRun, thingsAccepted, thingTemplate } from '../harness/run.ts'

const template = thingTemplate(['one'])
const parameters = { one: 'a', target: 'X' }
const HOUR = 3600
/** Opens once a year, on a day that is not today. */
const far = { schedule: new Date().getUTCMonth() === 5 ? '0 0 1 1 *' : '0 0 1 6 *', durationSeconds: HOUR }
const always = { schedule: '* * * * *', durationSeconds: 60 }

let testStore: TestStore
let run: TestRun
let count = 0
beforeAll(async () => {
  testStore = await createTestStore()
  run = await createTestRun(testStore.store, new Map([['things/1.0.0', template]]))
})
afterAll(() => testStore.stop())

const post = (options: RequestOptions) => run.post(`held-${++count}`, parameters, options)
const change = (record: ProvisioningRecord, how: Parameters<typeof run.requests.update>[1]) =>
  run.requests.update(record.provisioningRequestId, how)
const read = ({ provisioningRequestId }: ProvisioningRecord) => run.requests.get(provisioningRequestId)
const due = () => run.requests.collection.dueWishes({ limit: 100, againInMs: 60_000 })

describe('a request that waits for its maintenance window', () => {
  it('says until when, and no job that comes too early starts it', async () => {
    const posted = await post({ maintenanceWindow: far })
    expect(posted.message).toMatch(/^waiting for the maintenance window until 20\d\d-0[16]-01T00:00:00\.000Z$/)
    expect(await due()).not.toContain(posted.provisioningRequestId)
    expect(await run.run(posted)).toBe('done')
    expect(await read(posted)).toMatchObject({ phase: 'PENDING', epoch: 0, n: posted.n })
  })

  it('is handed over when the window opens, also when Redis and the service were started again meanwhile', async () => {
    const { options, ...accepted } = thingsAccepted(`held-${++count}`, template, parameters, {
      maintenanceWindow: always,
    })
    const { record, events } = created({ ...accepted, options }, crypto.randomUUID(), run.parts.clock)
    const opens = Date.now() + 1_500
    const posted = await run.requests.create({
      record: { ...record, notBefore: new Date(opens).toISOString() },
      events,
    })
    await testStore.redis.restart()
    const again = await testStore.another()
    const handedOver: number[] = []
    const dispatcher = startDispatcher({
      requests: createRequests(again),
      queues: {
        provision: async ({ provisioningRequestId }) => {
          if (provisioningRequestId === posted.provisioningRequestId) handedOver.push(Date.now())
        },
      },
      log: silentLog(),
      everyMs: 50,
    })
    await eventually(() => expect(handedOver).toHaveLength(1))
    expect(handedOver[0]).toBeGreaterThanOrEqual(opens)
    expect(handedOver[0]).toBeLessThan(opens + 500)
    await dispatcher.stop()
    await again.close()
    await run.run(posted)
    expect(await read(posted)).toMatchObject({ phase: 'FULFILLED' })
    expect(await read(posted)).not.toHaveProperty('notBefore')
  })

  it('waits for the next one when a worker is free only after it has closed', async () => {
    const posted = await post({ maintenanceWindow: far })
    const late = await change(posted, (record) => ({
      record: { ...record, notBefore: '2026-01-01T00:00:00.000Z', message: 'waiting for a worker' },
      events: [],
    }))
    expect(await due()).toContain(late.provisioningRequestId)
    expect(await run.run(late)).toBe('done')
    const again = await read(late)
    expect(again).toMatchObject({ phase: 'PENDING', epoch: 0, notBefore: posted.notBefore })
    expect(again.message).toBe(posted.message)
  })

  it('goes on when the window closes while it runs, also on another worker', async () => {
    const posted = await post({ maintenanceWindow: always })
    const shutdown = new AbortController()
    run.world.duringApply = async () => shutdown.abort(new Interruption('shutdown', 'stopping'))
    await run.run(posted, shutdown.signal)
    run.world.duringApply = async () => undefined
    const running = await read(posted)
    expect(running.phase).toBe('PROGRESSING')
    const closed = await change(running, (record) => ({
      record: { ...record, options: { maintenanceWindow: far } },
      events: [],
    }))
    await run.run(closed)
    expect((await read(posted)).phase).toBe('FULFILLED')
  })

  it('can be changed, cancelled and deleted at once while it waits, and a retry waits again', async () => {
    const { clock } = run.parts
    const first = await post({ maintenanceWindow: far })
    await run.run(
      await change(first, (record) =>
        replaced(record, thingsAccepted(first.provisioningRequestId, template, parameters), clock),
      ),
    )
    expect((await read(first)).phase).toBe('FULFILLED')
    const again = await change(first, (record) =>
      replaced(
        record,
        thingsAccepted(first.provisioningRequestId, template, parameters, { maintenanceWindow: far }),
        clock,
      ),
    )
    expect(again.phase).toBe('PENDING')
    expect(again.epoch).toBeGreaterThan(0)
    const ended = await change(first, (record) => cancelled(record, clock))
    expect(ended).toMatchObject({ phase: 'FAILED', error: { code: 'CANCELLED', cause: 'cancelled before it started' } })
    expect(ended).not.toHaveProperty('notBefore')
    const retry = await change(first, (record) => retried(record, clock))
    expect(retry.message).toMatch(/^waiting for the maintenance window until/)
    await run.run(retry)
    expect((await read(first)).phase).toBe('PENDING')
    const gone = await change(first, (record) => deleting(record, clock))
    expect(await due()).toContain(first.provisioningRequestId)
    await run.run(gone)
    expect(await run.requests.find(first.provisioningRequestId)).toBeUndefined()
  })
})

describe('a request that waits for approval', () => {
  it('is handed to nobody before somebody has approved it', async () => {
    const posted = await post({ approval: { required: true } })
    expect(await due()).not.toContain(posted.provisioningRequestId)
    await run.run(posted)
    expect(await read(posted)).toMatchObject({ phase: 'PENDING', epoch: 0 })
    const yes = await change(posted, (record) => approved(record, { approver: 'ann' }, run.parts.clock))
    expect(await due()).toContain(posted.provisioningRequestId)
    await run.run(yes)
    expect(await read(posted)).toMatchObject({ phase: 'FULFILLED', approval: { state: 'APPROVED', approver: 'ann' } })
  })
})

describe('a job of an older generation', () => {
  it('starts nothing: the newer one has a job, and a place in the queue, of its own', async () => {
    const posted = await post({ priority: 100 })
    const newer = await change(posted, (record) =>
      replaced(
        record,
        thingsAccepted(posted.provisioningRequestId, template, parameters, { priority: 1 }),
        run.parts.clock,
      ),
    )
    expect(await run.run(posted)).toBe('done')
    expect(await read(posted)).toMatchObject({ phase: 'PENDING', epoch: 0 })
    await run.run(newer)
    expect((await read(posted)).phase).toBe('FULFILLED')
  })
})
