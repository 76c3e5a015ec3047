import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDispatcher } from '../../src/provisioning/dispatcher.ts'
import type { ProvisioningJob } from '../../src/queue/queues.ts'
import { eventually } from '../harness/eventually.ts'
import { createTestStore, silentLog, type TestStore } from '../harness/redis.ts'
import { createTestRun, type TestRun, thingTemplate } from '../harness/run.ts'

let testStore: TestStore
let run: TestRun

beforeAll(async () => {
  testStore = await createTestStore()
  run = await createTestRun(testStore.store, new Map([['things/1.0.0', thingTemplate(['one'])]]))
})
afterAll(() => testStore.stop())

describe('the dispatcher', () => {
  it('finds a request that has no job, one round at a time, and its stop waits for the round', async () => {
    const posted = await run.post('lost', { one: 'a', target: 'X' })
    const slow = Promise.withResolvers<void>()
    const jobs: ProvisioningJob[] = []
    let rounds = 0
    const { collection } = run.requests
    const requests = {
      ...run.requests,
      collection: {
        ...collection,
        dueWishes: (options: Parameters<typeof collection.dueWishes>[0]) => {
          rounds++
          return collection.dueWishes(options)
        },
      },
    }
    const provision = async (job: ProvisioningJob) => {
      jobs.push(job)
      await slow.promise
    }
    const dispatcher = startDispatcher({ requests, queues: { provision }, log: silentLog(), everyMs: 20 })
    await eventually(() => expect(jobs).toHaveLength(1))
    expect(jobs[0]).toEqual({ provisioningRequestId: 'lost', reference: posted.reference, generation: 1 })
    await sleep(200)
    expect(rounds).toBe(1)
    let stopped = false
    const stopping = dispatcher.stop().then(() => {
      stopped = true
    })
    await sleep(50)
    expect(stopped).toBe(false)
    slow.resolve()
    await stopping
    await sleep(60)
    expect(rounds).toBe(1)
  })

  it('goes on after a round that failed', async () => {
    const posted = await run.post('refused', { one: 'a', target: 'X' })
    let times = 0
    const dispatcher = startDispatcher({
      requests: run.requests,
      queues: {
        provision: async () => {
          if (++times === 1) throw new Error('the queue is away')
        },
      },
      log: silentLog(),
      everyMs: 20,
    })
    await eventually(() => expect(times).toBe(1))
    await run.requests.collection.wakeWish(posted.provisioningRequestId)
    await eventually(() => expect(times).toBe(2))
    await dispatcher.stop()
  })
})
