import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import type { Queues } from '../queue/queues.ts'
import { isEnded } from './lifecycle.ts'
import type { Requests } from './requests.ts'

/** How often wishes are looked for, how many at once, and when a wish that was handed over is looked at again. */
const EVERY_MS = 5_000
const AT_ONCE = 500
const AGAIN_MS = 30_000

export interface DispatcherParts {
  requests: Requests
  queues: Queues
  log: Logger
}

/**
 * Finds requests that want work but have no job: a process that died between the write and the queue, a queue that was away,
 * a run that broke off. What has a job already is not harmed: its id is the generation's.
 */
export function startDispatcher({ requests, queues, log }: DispatcherParts): { stop(): Promise<void> } {
  let stopped = false
  let round: Promise<void> = Promise.resolve()

  async function look(): Promise<void> {
    for (let found = AT_ONCE; found === AT_ONCE && !stopped; ) {
      const ids = await requests.collection.dueWishes({ limit: AT_ONCE, againInMs: AGAIN_MS })
      found = ids.length
      for (const id of ids) await handOver(id)
    }
  }

  async function handOver(id: string): Promise<void> {
    const record = await requests.find(id)
    if (!record || isEnded(record.phase)) return
    const { provisioningRequestId, reference, generation } = record
    await queues.provision({ provisioningRequestId, reference, generation })
  }

  function next(): void {
    if (stopped) return
    round = look().catch((error: unknown) => log.warn({ cause: messageOf(error) }, 'wishes could not be looked for'))
  }

  const timer = setInterval(next, EVERY_MS)
  next()
  return {
    async stop() {
      stopped = true
      clearInterval(timer)
      await round
    },
  }
}
