import { createQueueWorkers, type QueueParts, type Queues } from '../queue/queues.ts'
import { startDispatcher } from './dispatcher.ts'
import { Interruption } from './run/interruption.ts'
import { answerPlan, type PlanParts } from './run/make-plan.ts'
import { runRequest } from './run/run-request.ts'

export interface ProvisioningWorkerParts extends PlanParts {
  queue: QueueParts
  queues: Queues
  /** Requests at once; most of them wait, which costs nothing. */
  concurrency: number
  takeoverMs: number
}

/** The worker role: takes jobs, and finds requests that lost theirs. `close` stops the runs at once; they go on elsewhere or after the next start. */
export function startProvisioningWorker(parts: ProvisioningWorkerParts): { close(): Promise<void> } {
  const shutdown = new AbortController()
  const workers = createQueueWorkers({
    ...parts.queue,
    concurrency: parts.concurrency,
    takeoverMs: parts.takeoverMs,
    provision: (job) => runRequest(job, shutdown.signal, parts),
    plan: (job) => answerPlan(job, parts),
  })
  const dispatcher = startDispatcher(parts)
  return {
    async close() {
      shutdown.abort(new Interruption('shutdown', 'the service stops'))
      await dispatcher.stop()
      await workers.close()
    },
  }
}
