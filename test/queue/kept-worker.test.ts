import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createQueues, createQueueWorkers } from '../../src/queue/queues.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { silentLog, startRedis, type TestRedis } from '../harness/redis.ts'

/** A connection on which BullMQ comes to rest for good: it waits for jobs on a duplicate that never answers and never closes. */
function stuck(connection: Redis): Redis {
  const duplicate = connection.duplicate.bind(connection)
  connection.duplicate = (options) => {
    const blocking = duplicate(options)
    blocking.bzpopmin = () => new Promise(() => undefined)
    const disconnect = blocking.disconnect.bind(blocking)
    blocking.disconnect = () => undefined
    released.push(disconnect)
    return blocking
  }
  return connection
}
const released: (() => void)[] = []

describe('a worker of the queue that stands still', needs('redis'), () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(async () => {
    for (const release of released) release()
    await redis?.stop()
  })

  test('is started anew when jobs wait and none is taken', async () => {
    const open = () => new Redis(redis.url, { maxRetriesPerRequest: null, protocol: 2 })
    let made = 0
    const parts = { connectProducer: open, prefix: '{kept}', log: silentLog() }
    const queues = createQueues(parts)
    const ran: number[] = []
    const worker = createQueueWorkers({
      ...parts,
      // The second connection is that of the first worker of the queue.
      connect: () => (made++ === 1 ? stuck(open()) : open()),
      concurrency: 10,
      takeoverMs: 500,
      async provision({ generation }) {
        ran.push(generation)
        return 'done'
      },
      plan: async () => undefined,
    })
    await sleep(300)
    for (const generation of [1, 2])
      await queues.provision({ provisioningRequestId: 'r', reference: 'ref', generation }, { priority: 51 })
    await eventually(() => expect([...new Set(ran)].sort()).toEqual([1, 2]))
    expect(made).toBeGreaterThan(4)
    await worker.close()
    await queues.close()
  })
})
