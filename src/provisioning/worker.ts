import { createQueueWorkers, type JobEnd, type ProvisioningJob, type QueueParts, type Queues } from '../queue/queues.ts'
import { createDiagnostics } from './diagnostics.ts'
import { answerQuestion } from './diagnostics-worker.ts'
import { startDispatcher } from './dispatcher.ts'
import { Interruption } from './run/interruption.ts'
import type { PlanParts } from './run/make-plan.ts'
import { runRequest } from './run/run-request.ts'

export interface ProvisioningWorkerParts extends PlanParts {
  queue: QueueParts
  queues: Queues
  /** Requests at once; most of them wait, which costs nothing. */
  concurrency: number
  takeoverMs: number
  /** How long `close` waits for runs that ignore it; 2.5 s when absent. */
  graceMs?: number
}

const GRACE_MS = 2_500

export interface ProvisioningWorker {
  /** How many it runs now. */
  runs(): number
  /** Stops the runs at once; they go on elsewhere or after the next start. */
  close(): Promise<void>
}

/** The worker role: takes jobs, and finds requests that lost theirs. */
export function startProvisioningWorker(given: ProvisioningWorkerParts): ProvisioningWorker {
  let runsAtWork = 0
  const runs = () => runsAtWork
  const parts = { ...given, diagnostics: createDiagnostics(given), runsAtWork: runs }
  const shutdown = new AbortController()
  const waiting = new Set<() => void>()

  /** The end of the work, or, when it ignores that the worker stops, `instead`: the epoch and the lock keep such a run from doing harm. */
  function orLeft<T>(work: Promise<T>, instead: T): Promise<T> {
    const left = Promise.withResolvers<T>()
    const leave = () => left.resolve(instead)
    waiting.add(leave)
    return Promise.race([work, left.promise]).finally(() => waiting.delete(leave))
  }
  async function run(job: ProvisioningJob): Promise<JobEnd> {
    runsAtWork += 1
    try {
      return await runRequest(job, shutdown.signal, parts)
    } finally {
      runsAtWork -= 1
    }
  }
  const workers = createQueueWorkers({
    ...parts.queue,
    concurrency: parts.concurrency,
    takeoverMs: parts.takeoverMs,
    provision: (job) => orLeft<JobEnd>(run(job), 'requeue'),
    plan: (job) => orLeft(answerQuestion(job, shutdown.signal, parts), undefined),
  })
  const dispatcher = startDispatcher(parts)
  return {
    runs,
    async close() {
      shutdown.abort(new Interruption('shutdown', 'the service stops'))
      const late = setTimeout(() => {
        parts.log.warn({ runs: waiting.size }, 'some runs do not end; the worker stops without them')
        for (const leave of waiting) leave()
      }, parts.graceMs ?? GRACE_MS)
      await Promise.all([dispatcher.stop(), workers.close()]).finally(() => clearTimeout(late))
    },
  }
}
