import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createQueues, createQueueWorkers, type Queues } from '../../src/queue/queues.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { silentLog, startRedis, type TestRedis } from '../harness/redis.ts'

describe('the depth of the queues', needs('redis'), () => {
  let redis: TestRedis
  let queues: Queues
  const connect = () => new Redis(redis.url, { maxRetriesPerRequest: null, protocol: 2 })

  beforeAll(async () => {
    redis = await startRedis()
    queues = createQueues({ connectProducer: connect, prefix: '{depth}', log: silentLog() })
  })
  afterAll(async () => {
    await queues?.close()
    await redis?.stop()
  })

  const provision = (reference: string, priority: number) =>
    queues.provision({ provisioningRequestId: reference, reference, generation: 1 }, { priority })
  const depth = async () => (await queues.depths()).find(({ queue }) => queue === 'provisioning')

  it('is nothing where nothing waits', async () => {
    const jobs = { waiting: 0, active: 0, delayed: 0 }
    expect(await queues.depths()).toEqual([
      { queue: 'provisioning', jobs, oldestSeconds: 0 },
      { queue: 'plans', jobs, oldestSeconds: 0 },
    ])
  })

  it('counts the oldest job though others go before it, and not what is at work', async () => {
    await provision('urgent-1', 1)
    await provision('oldest', 100)
    const since = Date.now()
    await sleep(300)
    for (const [reference, priority] of [
      ['urgent-2', 1],
      ['usual', 51],
      ['later', 100],
    ] as const)
      await provision(reference, priority)
    const worker = createQueueWorkers({
      connect,
      prefix: '{depth}',
      log: silentLog(),
      concurrency: 2,
      takeoverMs: 10_000,
      // Nothing of it ends before the test.
      provision: () => ended.promise,
      plan: async () => undefined,
    })
    await eventually(async () => expect((await depth())?.jobs).toEqual({ waiting: 3, active: 2, delayed: 0 }))
    const { oldestSeconds = 0 } = (await depth()) ?? {}
    expect(oldestSeconds).toBeGreaterThanOrEqual(0.3)
    expect(oldestSeconds).toBeLessThanOrEqual((Date.now() - since + 50) / 1000)
    ended.resolve('done')
    await eventually(async () => expect(await depth()).toMatchObject({ jobs: { waiting: 0 }, oldestSeconds: 0 }))
    await worker.close()
  })

  const ended = Promise.withResolvers<'done'>()
})
