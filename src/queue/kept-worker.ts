import { type Job, Queue, type RedisConnectionClient, Worker, type WorkerOptions } from 'bullmq'
import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'

type Connection = RedisConnectionClient & { disconnect(): void }

export interface KeptWorkerParts<T> {
  name: string
  prefix: string
  concurrency: number
  connect: () => Connection
  run: (job: Job<T>, token: string | undefined) => Promise<void>
  options: Omit<WorkerOptions, 'connection' | 'prefix' | 'concurrency'>
  /** When jobs have waited at two looks in a row, so long apart, and this worker took none though it was free, it stands still. */
  patienceMs: number
  log: Logger
}

export interface KeptWorker {
  /** Waits for what is running. */
  close(): Promise<void>
  /** After that, or instead. */
  disconnect(): void
}

/**
 * A worker that is started anew when it takes nothing although jobs wait: BullMQ's loop may come to rest for good in a wait on a connection that was reset (docs/traps.md).
 * What the old one runs goes on; its jobs are given out again, and the lock of the request keeps the second run waiting until the first has ended.
 */
export function keepWorker<T>(parts: KeptWorkerParts<T>): KeptWorker {
  const { name, patienceMs, log } = parts
  const shared = { prefix: parts.prefix }
  const looking = parts.connect()
  const queue = new Queue<T>(name, { ...shared, connection: looking })
  queue.on('error', (error) => log.debug({ queue: name, cause: messageOf(error) }, 'the queue cannot be looked at'))
  /** Jobs taken since the last look, and those that are at work. */
  let taken = 0
  let atWork = 0
  let idleLooks = 0
  let isClosed = false
  let round: Promise<void> | undefined
  const connections = new Set<Connection>([looking])
  let current = start()

  async function work(job: Job<T>, token: string | undefined): Promise<void> {
    taken += 1
    atWork += 1
    try {
      await parts.run(job, token)
    } finally {
      atWork -= 1
    }
  }

  function start(): Worker<T> {
    const connection = parts.connect()
    connections.add(connection)
    const { concurrency } = parts
    const worker = new Worker<T>(name, work, { ...parts.options, ...shared, connection, concurrency })
    worker.on('error', (error) => {
      // After a standstill BullMQ gives a job to two runs; our own lock and epoch keep one of them waiting, so this is no news.
      const level = /\block\b|^Missing key for job/i.test(error.message) ? 'debug' : 'warn'
      log[level]({ queue: name, cause: messageOf(error) }, 'the queue reports an error')
    })
    worker.on('failed', (job, error) => log.error({ queue: name, job: job?.id, cause: error.message }, 'job failed'))
    return worker
  }

  async function look(): Promise<void> {
    const couldTake = atWork < parts.concurrency && taken === 0
    taken = 0
    idleLooks = couldTake && (await hasWaiting()) && taken === 0 ? idleLooks + 1 : 0
    if (idleLooks < 2 || isClosed) return
    idleLooks = 0
    log.warn({ queue: name }, 'jobs wait and none is taken: the worker of the queue is started anew')
    const old = current
    current = start()
    // It may hang where it stands still. Its connection stays for what it runs.
    old.close(true).catch((error: unknown) => log.debug({ queue: name, cause: messageOf(error) }, 'it did not close'))
  }

  async function hasWaiting(): Promise<boolean> {
    const counts = await queue.getJobCounts('wait', 'prioritized')
    return Object.values(counts).some((count) => count > 0)
  }

  const timer = setInterval(() => {
    // One look at a time: those that waited for a Redis that was away would count as several.
    if (round) return
    round = look()
      .catch((error: unknown) => log.debug({ queue: name, cause: messageOf(error) }, 'the queue cannot be looked at'))
      .finally(() => {
        round = undefined
      })
  }, patienceMs)
  return {
    async close() {
      isClosed = true
      clearInterval(timer)
      await Promise.all([current.close(), queue.close()])
    },
    disconnect() {
      for (const connection of connections) connection.disconnect()
    },
  }
}
