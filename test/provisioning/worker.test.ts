import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTemplateCatalogue } from '../../src/provisioning/templates/catalogue.ts'
import { startProvisioningWorker } from '../../src/provisioning/worker.ts'
import { createQueues } from '../../src/queue/queues.ts'
import { eventually } from '../harness/eventually.ts'
import { createTestStore, silentLog, type TestStore } from '../harness/redis.ts'
import { createTestRun, thingTemplate } from '../harness/run.ts'

let testStore: TestStore
beforeAll(async () => {
  testStore = await createTestStore()
})
afterAll(() => testStore.stop())

describe('the worker', () => {
  it('stops without a run that ignores its signal, and the request goes on elsewhere', async () => {
    const { store, redis } = testStore
    const run = await createTestRun(store, new Map([['things/1.0.0', thingTemplate(['one'])]]))
    const catalogue = createTemplateCatalogue({
      store,
      stepRegistry: run.parts.steps,
      resolveOCloud: async () => undefined,
      log: silentLog(),
    })
    const connect = () => new Redis(redis.url, { maxRetriesPerRequest: null, protocol: 2 })
    const queue = { connect, connectProducer: connect, prefix: '{worker}', log: silentLog() }
    const queues = createQueues(queue)
    const deaf = Promise.withResolvers<void>()
    run.world.duringApply = () => deaf.promise
    const start = () =>
      startProvisioningWorker({
        ...run.parts,
        queue,
        queues,
        accept: { catalogue, oClouds: run.parts.ports.oClouds, secrets: store.secrets },
        planTimeoutMs: 1_000,
        concurrency: 4,
        takeoverMs: 10_000,
        graceMs: 300,
      })
    const worker = start()
    const posted = await run.post('deaf', { one: 'a', target: 'X' })
    await queues.provision(posted, { priority: 51 })
    await eventually(() => expect(run.world.things.has('a')).toBe(true))
    const began = performance.now()
    await worker.close()
    expect(performance.now() - began).toBeLessThan(2_000)
    // This process lives on, so the run has to end before another one gets the lock.
    run.world.duringApply = async () => undefined
    deaf.resolve()
    const another = start()
    await eventually(async () => expect((await run.requests.get('deaf')).phase).toBe('FULFILLED'))
    await another.close()
    await queues.close()
  })
})
