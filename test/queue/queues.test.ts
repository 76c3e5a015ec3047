import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createQueues, createQueueWorkers, type JobEnd, type ProvisioningJob } from '../../src/queue/queues.ts'
import { silentLog, startRedis, type TestRedis } from '../harness/redis.ts'

let redis: TestRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

const job = (generation = 1): ProvisioningJob => ({ provisioningRequestId: 'r', reference: 'ref', generation })

const usual = { priority: 51 }

function parts(prefix: string) {
  const connect = () => new Redis(redis.url, { maxRetriesPerRequest: null, protocol: 2 })
  return { connect, connectProducer: connect, prefix, log: silentLog() }
}

function startWorker(prefix: string, provision: (job: ProvisioningJob) => Promise<JobEnd>, takeoverMs = 10_000) {
  return createQueueWorkers({ ...parts(prefix), concurrency: 10, takeoverMs, provision, plan: async () => undefined })
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    if (waited > 15_000) throw new Error('it never came')
    await sleep(20)
  }
}

describe('the queue', () => {
  it('runs a generation once, however often it is handed over while its job is there', async () => {
    const queues = createQueues(parts('{a}'))
    const seen: number[] = []
    for (let i = 0; i < 3; i++) await queues.provision(job(), usual)
    const worker = startWorker('{a}', async ({ generation }) => {
      seen.push(generation)
      return 'done'
    })
    await until(() => seen.length === 1)
    await sleep(200)
    expect(seen).toEqual([1])
    // It has ended and left no trace, so it can be handed over again.
    await queues.provision(job(), usual)
    await until(() => seen.length === 2)
    await worker.close()
    await queues.close()
  })

  it('gives a job back at once when the worker stops, and later when it asks for that', async () => {
    const queues = createQueues(parts('{b}'))
    let ends: JobEnd[] = ['requeue', { againInMs: 200 }, 'done']
    const at: number[] = []
    await queues.provision(job(), usual)
    const worker = startWorker('{b}', async () => {
      at.push(Date.now())
      const [end, ...rest] = ends
      ends = rest
      return end ?? 'done'
    })
    await until(() => at.length === 3)
    expect((at[2] ?? 0) - (at[1] ?? 0)).toBeGreaterThanOrEqual(190)
    await worker.close()
    await queues.close()
  })

  it('starts a job that waits for its next try at once when that is wanted, and leaves it waiting otherwise', async () => {
    const queues = createQueues(parts('{d}'))
    let ran = 0
    await queues.provision(job(), { ...usual, now: true })
    const worker = startWorker('{d}', async () => (++ran === 1 ? { againInMs: 60_000 } : 'done'))
    await until(() => ran === 1)
    await sleep(200)
    await queues.provision(job(), usual)
    await sleep(300)
    expect(ran).toBe(1)
    await queues.provision(job(), { ...usual, now: true })
    await until(() => ran === 2)
    await worker.close()
    await queues.close()
  })

  it('lets the urgent one overtake those that wait for the one worker there is, also after it was given back', async () => {
    const queues = createQueues(parts('{e}'))
    const seen: number[] = []
    const busy = Promise.withResolvers<void>()
    let givenBack = false
    const worker = createQueueWorkers({
      ...parts('{e}'),
      concurrency: 1,
      takeoverMs: 10_000,
      plan: async () => undefined,
      provision: async ({ generation }) => {
        seen.push(generation)
        if (generation === 1) await busy.promise
        if (generation !== 5 || givenBack) return 'done'
        givenBack = true
        return 'requeue'
      },
    })
    await queues.provision(job(1), usual)
    await until(() => seen.length === 1)
    for (const [generation, priority] of [
      [2, 100],
      [3, 51],
      [4, 51],
      [5, 1],
    ] as const)
      await queues.provision(job(generation), { priority })
    busy.resolve()
    await until(() => seen.length === 6)
    expect(seen).toEqual([1, 5, 5, 3, 4, 2])
    await worker.close()
    await queues.close()
  })

  it('wakes a worker that has nothing to do at once when another one gives a job back', async () => {
    const queues = createQueues(parts('{f}'))
    let first = true
    let at = 0
    const take = async (): Promise<JobEnd> => {
      if (!first) {
        at = performance.now()
        return 'done'
      }
      first = false
      await stopping.promise
      return 'requeue'
    }
    const stopping = Promise.withResolvers<void>()
    const worker = startWorker('{f}', take)
    await queues.provision(job(), usual)
    await until(() => !first)
    const idle = startWorker('{f}', take)
    await sleep(300)
    const closing = worker.close()
    const began = performance.now()
    stopping.resolve()
    await closing
    await until(() => at > 0)
    expect(at - began).toBeLessThan(1_000)
    await idle.close()
    await queues.close()
  })

  it('hands the job of a killed worker to another one, as often as it happens', async () => {
    const queues = createQueues(parts('{c}'))
    await queues.provision(job(), usual)
    for (let death = 0; death < 3; death++) {
      const source = `
        import { Redis } from 'ioredis'
        import { createQueueWorkers } from '${new URL('../../src/queue/queues.ts', import.meta.url)}'
        const log = { warn() {}, error() {} }
        createQueueWorkers({ connect: () => new Redis('${redis.url}', { maxRetriesPerRequest: null, protocol: 2 }), prefix: '{c}', log, concurrency: 1,
          takeoverMs: 1000, plan: async () => {}, provision: () => { process.stdout.write('got it'); return new Promise(() => {}) } })`
      const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(child.stdout, 'data')
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    }
    let ran = 0
    const worker = startWorker(
      '{c}',
      async () => {
        ran++
        return 'done'
      },
      1_000,
    )
    await until(() => ran === 1)
    await worker.close()
    await queues.close()
  })
})
