import { setTimeout as sleep } from 'node:timers/promises'
import { DelayedError, type Job, Queue, type RedisConnectionClient, WaitingError } from 'bullmq'
import type { Logger } from 'pino'
import { messageOf, ServiceError } from '../errors.ts'
import { inSpan, traceHeaders } from '../telemetry/spans.ts'
import { depthOf, type QueueDepth } from './depth.ts'
import { keepWorker } from './kept-worker.ts'

/** Names the work; everything else stands in the record. BullMQ never holds the state of a request (trap 1). */
export interface ProvisioningJob {
  provisioningRequestId: string
  reference: string
  generation: number
}

/** A dry run: the request itself, encrypted, for it may hold writeOnly parameters. */
export interface PlanJob {
  planId: string
  sealed: string
  /** Of whoever asks; set when the job is added. */
  traceparent?: string
}

/** How a job ended: done; back to the queue at once (shutdown); or again after a while (an undo that could not succeed yet). */
export type JobEnd = 'done' | 'requeue' | { againInMs: number }

export interface QueueParts {
  /** A new connection for adding jobs: it rejects soon when Redis is away. */
  connectProducer: () => RedisConnectionClient & { disconnect(): void }
  /** A new connection for each call: BullMQ's workers block on them, for ever. */
  connect: () => RedisConnectionClient & { disconnect(): void }
  prefix: string
  log: Logger
}

const PROVISIONING = 'provisioning'
const PLANS = 'plans'
/** A worker whose Redis is away would wait for it. */
const CLOSE_MS = 4_000
/** More dry runs than this at once are refused with 503. */
const MOST_WAITING_PLANS = 200

export interface Queues {
  /**
   * Does nothing when that generation's job is there already; with `now`, one that waits for its next try starts at once. Of the jobs that wait, the one with the
   * lowest `priority` is next.
   */
  provision(job: ProvisioningJob, options: { priority: number; now?: boolean }): Promise<void>
  /** The same for many, in one write. */
  provisionAll(jobs: readonly { job: ProvisioningJob; priority: number }[]): Promise<void>
  /** Rejects with UNAVAILABLE when too many plans are waiting. */
  plan(job: PlanJob): Promise<void>
  depths(): Promise<QueueDepth[]>
  close(): Promise<void>
}

/** The producing side: what the API needs. Jobs are removed when they end, so that a generation can be handed over again after a death. */
export function createQueues({
  connectProducer,
  prefix,
  log,
}: Pick<QueueParts, 'connectProducer' | 'prefix' | 'log'>): Queues {
  const connection = connectProducer()
  const options = { connection, prefix, defaultJobOptions: { removeOnComplete: true, removeOnFail: true, attempts: 1 } }
  const provisioning = new Queue<ProvisioningJob>(PROVISIONING, options)
  const plans = new Queue<PlanJob>(PLANS, options)
  for (const queue of [provisioning, plans])
    queue.on('error', (error) => log.warn({ queue: queue.name, cause: messageOf(error) }, 'queue connection'))
  return {
    async provision(job, { priority, now = false }) {
      const added = await provisioning.add('provision', job, { jobId: jobIdOf(job), priority })
      if (!now || !(await added.isDelayed())) return
      await added.promote().catch(async (error: unknown) => {
        // Its time came in between: that is as good.
        if (await added.isDelayed()) throw error
      })
    },
    async provisionAll(jobs) {
      await provisioning.addBulk(
        jobs.map(({ job, priority }) => ({ name: 'provision', data: job, opts: { jobId: jobIdOf(job), priority } })),
      )
    },
    async plan(job) {
      if ((await plans.getWaitingCount()) >= MOST_WAITING_PLANS) {
        throw new ServiceError('UNAVAILABLE', 'too many dry runs are waiting; try again in a moment', {
          retryAfter: 5,
          retryable: true,
        })
      }
      const { traceparent } = traceHeaders()
      await plans.add('plan', { ...job, ...(traceparent && { traceparent }) }, { jobId: `plan-${job.planId}` })
    },
    depths: () => Promise.all([depthOf(provisioning), depthOf(plans)]),
    async close() {
      await Promise.all([provisioning.close(), plans.close()])
      connection.disconnect()
    },
  }
}

const jobIdOf = ({ reference, generation }: ProvisioningJob): string => `${reference}-${generation}`

export interface WorkerParts extends Omit<QueueParts, 'connectProducer'> {
  concurrency: number
  /** Time until another worker takes over what a dead one had. */
  takeoverMs: number
  provision: (job: ProvisioningJob) => Promise<JobEnd>
  plan: (job: PlanJob) => Promise<void>
}

/** The consuming side. `close` waits for what is running: end the runs first (they answer 'requeue'). */
export function createQueueWorkers(parts: WorkerParts): { close(): Promise<void> } {
  const { connect, prefix, takeoverMs, log } = parts
  const options = {
    // A stall never fails a request (trap 2): only our own deadline does.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    lockDuration: takeoverMs,
    stalledInterval: Math.max(500, Math.floor(takeoverMs / 2)),
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
    runRetryDelay: 1_000,
  }
  const shared = { connect, prefix, options, patienceMs: takeoverMs, log }
  const workers = [
    keepWorker<ProvisioningJob>({
      ...shared,
      name: PROVISIONING,
      concurrency: parts.concurrency,
      run: (job, token) => runJob(job, token, parts),
    }),
    keepWorker<PlanJob>({ ...shared, name: PLANS, concurrency: 8, run: (job) => runPlan(job.data, parts) }),
  ]
  return {
    async close() {
      await within(CLOSE_MS, Promise.all(workers.map((worker) => worker.close())))
      for (const worker of workers) worker.disconnect()
    },
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const late = new AbortController()
  await Promise.race([work, sleep(ms, undefined, { signal: late.signal }).catch(() => undefined)]).finally(() =>
    late.abort(),
  )
}

async function runJob(job: Job<ProvisioningJob>, token: string | undefined, parts: WorkerParts): Promise<void> {
  const end = await parts.provision(job.data)
  if (end === 'done') return
  if (end === 'requeue') {
    // What was at work goes on before all that wait, as after a death; and a job with a priority, put back, wakes no worker that is idle (docs/traps.md).
    await job.changePriority({ priority: 0 })
    await job.moveToWait(token)
    throw new WaitingError()
  }
  await job.moveToDelayed(Date.now() + end.againInMs, token)
  throw new DelayedError()
}

function runPlan(job: PlanJob, { plan }: WorkerParts): Promise<void> {
  return inSpan('answer a question', { kind: 'consumer', parent: job.traceparent ?? '' }, () => plan(job))
}
