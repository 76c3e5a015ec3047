import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import type { Queues } from '../queue/queues.ts'
import { wishOf } from './held.ts'
import { queuePriority } from './priority.ts'
import type { Requests } from './requests.ts'

/** How often wishes are looked for, how many at once, and when a wish that was handed over is looked at again. */
const EVERY_MS = 5_000
const AT_ONCE = 500
const AGAIN_MS = 30_000

export interface DispatcherParts {
  requests: Pick<Requests, 'collection' | 'find'>
  queues: Pick<Queues, 'provision'>
  log: Logger
  /** Pause between two looks; 5 s when absent. */
  everyMs?: number
}

/**
 * Finds requests that want work but have no job: one whose maintenance window has opened, a process that died between the write and the queue, a queue that was away,
 * a run that broke off. What has a job already is not harmed: its id is the generation's.
 */
export function startDispatcher({ requests, queues, log, everyMs = EVERY_MS }: DispatcherParts): {
  stop(): Promise<void>
} {
  let stopped = false
  let round: Promise<void> | undefined

  async function look(): Promise<void> {
    for (let found = AT_ONCE; found === AT_ONCE && !stopped; ) {
      const ids = await requests.collection.dueWishes({ limit: AT_ONCE, againInMs: AGAIN_MS })
      found = ids.length
      for (const id of ids) await handOver(id)
    }
  }

  async function handOver(id: string): Promise<void> {
    const record = await requests.find(id)
    // Whether its window is open is judged by the worker that takes it.
    if (!record || wishOf(record) === false) return
    const { provisioningRequestId, reference, generation } = record
    const priority = queuePriority(record)
    await queues.provision({ provisioningRequestId, reference, generation }, { priority })
  }

  function next(): void {
    // One round at a time: when the queue is slow, the next one would only add to it.
    if (stopped || round) return
    round = look()
      .catch((error: unknown) => log.warn({ cause: messageOf(error) }, 'wishes could not be looked for'))
      .finally(() => {
        round = undefined
      })
  }

  const timer = setInterval(next, everyMs)
  next()
  return {
    async stop() {
      stopped = true
      clearInterval(timer)
      await round
    },
  }
}
