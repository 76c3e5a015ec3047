import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import type { ProvisioningJob, Queues } from '../queue/queues.ts'

/** What comes up within this time of a hand-over goes together, with the next one. */
const TOGETHER_MS = 10
const AT_ONCE = 500
/** More than this wait for a queue that is slow: the dispatcher finds those that are left out. */
const MOST_WAITING = 10_000

export interface HandOver {
  job: ProvisioningJob
  priority: number
}

/**
 * Hands new jobs to the queue without anybody waiting for it: what the client is told is true once the record is written, and the wish in it outlives a hand-over that fails.
 * The first goes at once; while more come, they go together: one write to Redis, and one fsync.
 */
export function createHandOvers({ queues, log }: { queues: Pick<Queues, 'provisionAll'>; log: Logger }): {
  /** Resolves when it is done or has failed, which is logged. */
  add(handOver: HandOver): Promise<void>
} {
  let waiting: HandOver[] = []
  let goesOn = false
  let next = Promise.withResolvers<void>()

  async function goOn(): Promise<void> {
    if (goesOn) return
    goesOn = true
    while (waiting.length > 0) {
      const { resolve } = next
      next = Promise.withResolvers()
      const handOvers = waiting
      waiting = []
      for (let from = 0; from < handOvers.length; from += AT_ONCE) await send(handOvers.slice(from, from + AT_ONCE))
      resolve()
      await sleep(TOGETHER_MS)
    }
    goesOn = false
  }

  async function send(handOvers: HandOver[]): Promise<void> {
    await queues.provisionAll(handOvers).catch((error: unknown) => {
      const ids = handOvers.map(({ job }) => job.provisioningRequestId)
      log.warn({ provisioningRequestIds: ids, cause: messageOf(error) }, 'jobs could not be handed over yet')
    })
  }

  return {
    async add(handOver) {
      if (waiting.length >= MOST_WAITING) return
      waiting.push(handOver)
      const { promise } = next
      void goOn()
      await promise
    },
  }
}
