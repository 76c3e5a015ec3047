import type { Logger } from 'pino'
import { messageOf, ServiceError } from '../../errors.ts'
import type { JobEnd, ProvisioningJob } from '../../queue/queues.ts'
import type { Store } from '../../store/store.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { annotate } from '../../telemetry/spans.ts'
import type { Diagnostics } from '../diagnostics.ts'
import { isHeld, wishOf } from '../held.ts'
import { type Clock, claimed, deletionDelayed, fail, isEnded, postponed, stepChanged } from '../lifecycle.ts'
import type { Journals } from '../logs-journal.ts'
import type { ProvisioningRecord } from '../record.ts'
import { alongside, type Requests, recordOf, topicOf } from '../requests.ts'
import { plainRef } from '../steps/object-order.ts'
import type { Step } from '../steps/step.ts'
import type { TemplateCatalogue } from '../templates/catalogue-types.ts'
import { mergeSecrets } from '../templates/parameters.ts'
import { failureCodeOf } from './failure-codes.ts'
import { abortAt, follow, Interruption, type InterruptionKind, interruptionOf, whileLocked } from './interruption.ts'
import { observeEnd, observeRun } from './observe.ts'
import { runSteps, StepFailure } from './pipeline.ts'
import { endFailed } from './rollback.ts'
import { createRunRecord, type RunRecord } from './run-record.ts'
import { openSecrets, redactorOf } from './secrets.ts'
import type { StepPorts } from './step-context.ts'
import { type UnwindParts, type Unwound, unwindAll } from './unwind.ts'

export interface RunParts {
  requests: Requests
  catalogue: Pick<TemplateCatalogue, 'find'>
  store: Store
  steps: ReadonlyMap<string, Step>
  ports: StepPorts
  /** Ends child processes that outlived a killed worker, before the request goes on (trap 3). */
  endLeftovers: (reference: string) => Promise<void>
  /** The logs of the requests; nothing is kept when absent. */
  journals?: Journals
  /** Nothing is counted when absent. */
  metrics?: Pick<Metrics, 'stepEnded' | 'requestEnded'>
  /** How many runs this worker has at work; one when absent. */
  runsAtWork?: () => number
  /** Looks into failures; none is looked into when absent. */
  diagnostics?: Diagnostics
  undoTimeoutMs: number
  /** How long a run waits for a store that is away; a minute when absent. */
  storeOutageMs?: number
  log: Logger
  clock: Clock
}

/** Pauses between tries of a DELETE that could not remove everything. */
const DELETE_AGAIN_MS = { first: 5_000, most: 300_000 }

/** What is no end of the request: tried again, soon after a lost lock, for nobody else may be there. */
const AGAIN_MS: Partial<Record<InterruptionKind, number>> = { lost: 500, 'store-away': 5_000 }

/** What a worker does with a job: take the request over and bring it to where its record wants it. One lock for each request: two runs never overlap. */
export async function runRequest(job: ProvisioningJob, shutdown: AbortSignal, parts: RunParts): Promise<JobEnd> {
  const { provisioningRequestId, reference, generation } = job
  const log = parts.log.child({ provisioningRequestId, reference, generation })
  const stop = follow(shutdown)
  const run = async (lease: AbortSignal) => {
    const locked = whileLocked(lease, shutdown)
    try {
      return await runClaimed(job, locked.signal, shutdown, { ...parts, log })
    } finally {
      locked.release()
    }
  }
  try {
    return await parts.store.locks.withLock(`request:${job.reference}`, stop.signal, run, { fenced: true })
  } catch (error) {
    return brokenOff(error, shutdown, log)
  } finally {
    stop.release()
  }
}

/** What becomes of a job whose run ended with an error. */
function brokenOff(error: unknown, shutdown: AbortSignal, log: Logger): JobEnd {
  if (shutdown.aborted) return 'requeue'
  const interruption = interruptionOf(error, shutdown)
  if (interruption) {
    log.info({ kind: interruption.kind, cause: interruption.message }, 'the run stops')
    const againInMs = AGAIN_MS[interruption.kind]
    return againInMs === undefined ? 'done' : { againInMs }
  }
  // The store is away, or the service made a mistake: the wish is still there, and so is the record.
  log.error({ cause: messageOf(error), err: error }, 'the run broke off; it will be tried again')
  return { againInMs: 5_000 }
}

async function runClaimed(
  job: ProvisioningJob,
  signal: AbortSignal,
  shutdown: AbortSignal,
  parts: RunParts,
): Promise<JobEnd> {
  const found = await parts.requests.find(job.provisioningRequestId)
  if (!found || !mayBeTaken(found, job)) return 'done'
  return observeRun(found, async () => {
    const record = await claim(job, parts)
    if (!record) return 'done'
    annotate({ 'o2ims.epoch': record.epoch })
    // Under the lock, and never without its redactor: another job for the same request may wait in this process.
    const journal = parts.journals?.open(record, redactorOf(record, parts.store))
    const log = journal?.log ?? parts.log
    try {
      return await runRecorded(record, signal, {
        ...parts,
        log,
        requests: journal?.ahead(parts.requests) ?? parts.requests,
      })
    } catch (error) {
      return brokenOff(error, shutdown, log)
    } finally {
      await journal?.close()
    }
  })
}

async function runRecorded(record: ProvisioningRecord, signal: AbortSignal, parts: RunParts): Promise<JobEnd> {
  // Nothing can be left of a request that nobody ran before, or that runs no child processes.
  if (record.epoch > 1 && !record.simulated) await parts.endLeftovers(record.reference)
  const superseded = new AbortController()
  const cancelled = new AbortController()
  const undoing = AbortSignal.any([signal, superseded.signal])
  const run = createRunRecord(parts.requests, record, undoing, parts.log, parts.storeOutageMs)
  const stopListening = listen(run, { superseded, cancelled }, parts)
  try {
    if (record.phase === 'DELETING') return await removeRequest(run, undoing, parts)
    const end = await provisionRequest(run, { forward: AbortSignal.any([undoing, cancelled.signal]), undoing }, parts)
    observeEnd(run.current, parts)
    return end
  } finally {
    stopListening()
  }
}

/** A newer generation has a job of its own. */
const mayBeTaken = ({ reference, generation, phase }: ProvisioningRecord, job: ProvisioningJob): boolean =>
  reference === job.reference && generation === job.generation && !isEnded(phase)

/** Raises the epoch. Undefined when there is nothing (more) to do for this job: one that is held back gets another later. */
async function claim(job: ProvisioningJob, { requests, clock }: RunParts): Promise<ProvisioningRecord | undefined> {
  let mine = false
  const stored = await requests.collection.update(job.provisioningRequestId, (current) => {
    mine = false
    const now = recordOf(current)
    if (!mayBeTaken(now, job) || isHeld(now, clock())) return undefined
    const later = postponed(now, clock)
    mine = later === undefined
    const transition = later ?? claimed(now, clock)
    const wish = later && { wish: wishOf(later.record) }
    return { value: transition.record, alongside: { ...alongside(now, transition), ...wish } }
  })
  return stored && mine ? recordOf(stored) : undefined
}

/** A cancel ends the way forward but not the undo that follows it; anything else ends both. */
interface RunSignals {
  forward: AbortSignal
  undoing: AbortSignal
}

/** Stops the run when the API wrote something newer: another generation, a cancel, a removal. Told by the feed, never asked for. */
function listen(
  run: RunRecord,
  control: { superseded: AbortController; cancelled: AbortController },
  { store, log }: RunParts,
): () => void {
  const look = () => {
    run.refresh().then(
      (record) => {
        if (record.cancelRequested && !record.error && record.phase !== 'DELETING') {
          control.cancelled.abort(new Interruption('cancelled', 'cancelled'))
        }
      },
      (error: unknown) => {
        if (error instanceof Interruption) control.superseded.abort(error)
        else log.warn({ cause: messageOf(error) }, 'the record could not be read again')
      },
    )
  }
  const stop = store.feed.subscribe(
    topicOf(run.current.provisioningRequestId),
    ({ event }) => event !== 'step' && look(),
    look,
  )
  look()
  return stop
}

function unwindParts(
  run: RunRecord,
  signal: AbortSignal,
  redact: (text: string) => string,
  parts: RunParts,
): UnwindParts {
  const { steps, ports, undoTimeoutMs, metrics, log, clock } = parts
  return { run, steps, ports, redact, signal, undoTimeoutMs, metrics, log, clock }
}

async function provisionRequest(run: RunRecord, { forward, undoing }: RunSignals, parts: RunParts): Promise<JobEnd> {
  const { catalogue, store, clock, log, diagnostics } = parts
  const redact = redactorOf(run.current, store)
  const unwind = unwindParts(run, undoing, redact, parts)
  if (run.current.error) {
    await endFailed({ ...unwind, catalogue, store })
    return 'done'
  }
  const { templateName, templateVersion } = run.current.data
  const template = await catalogue.find(templateName, templateVersion)
  const deadline = deadlineOf(run, template.timeoutSeconds)
  const limited = AbortSignal.any([forward, deadline.signal])
  try {
    await runSteps({
      ...unwind,
      template,
      parameters: mergeSecrets(run.current.parameters, openSecrets(run.current, store)),
      fingerprint: store.secrets.fingerprint,
      runsAtWork: parts.runsAtWork,
      signal: limited,
      undoing,
    })
  } catch (error) {
    const interruption = interruptionOf(error instanceof StepFailure ? error.cause : error, limited)
    const final = interruption && (interruption.kind === 'deadline' || interruption.kind === 'cancelled')
    if (interruption && !final) throw interruption
    // While what failed still stands: the undo takes the evidence along.
    const met = failureOf(error, interruption, run, redact)
    const failure = (await diagnostics?.ofFailure(run.current, met, { redact, signal: undoing })) ?? met
    log.info(failure, 'the request failed')
    await run.write((record) => {
      const failed = fail(record, failure)
      const runs = failed.steps.some((step) => step.name === failure.step && step.state === 'RUNNING')
      return runs && failure.step
        ? stepChanged(failed, failure.step, { message: failure.cause }, clock)
        : { record: failed, events: [] }
    })
    await endFailed({ ...unwind, catalogue, store })
  } finally {
    deadline.clear()
  }
  return 'done'
}

/** The deadline stands in the record from the first step on; a run that goes on after a death keeps it. */
function deadlineOf(run: RunRecord, templateSeconds: number) {
  const seconds = run.current.options?.timeoutSeconds ?? templateSeconds
  const instant = run.current.deadline ? new Date(run.current.deadline) : new Date(Date.now() + seconds * 1000)
  return abortAt(instant, `not done within ${seconds} s`)
}

function failureOf(
  error: unknown,
  interruption: Interruption | undefined,
  run: RunRecord,
  redact: (text: string) => string,
) {
  const step = error instanceof StepFailure ? error.step : null
  const cause = error instanceof StepFailure ? error.cause : error
  if (interruption?.kind === 'cancelled') return { code: 'CANCELLED' as const, step, cause: 'cancelled on request' }
  if (interruption) {
    const last = run.current.steps.find((candidate) => candidate.name === step)?.message
    const words = cause instanceof ServiceError ? cause.message : last && `last seen: ${last}`
    return { code: 'TIMEOUT' as const, step, cause: redact([interruption.message, words].filter(Boolean).join('; ')) }
  }
  return { code: failureCodeOf(cause), step, cause: redact(messageOf(cause)) }
}

async function removeRequest(run: RunRecord, signal: AbortSignal, parts: RunParts): Promise<JobEnd> {
  const { left, kept } = await unwindAll(unwindParts(run, signal, redactorOf(run.current, parts.store), parts))
  if (left.length === 0) {
    await gone(run, kept, parts)
    return 'done'
  }
  const tries = (run.current.deleteTries ?? 0) + 1
  const againInMs = Math.min(DELETE_AGAIN_MS.first * 2 ** (tries - 1), DELETE_AGAIN_MS.most)
  const message = `${left.join('; ')}; tried again in ${againInMs / 1000} s, given up by DELETE with orphan=true`
  await run.write((record) => deletionDelayed(record, tries, message, parts.clock))
  return { againInMs }
}

/** The record goes. What was left to others is named in its last event and in the audit log, as by a DELETE with orphan=true. */
async function gone(run: RunRecord, kept: Unwound['kept'], { log }: RunParts): Promise<void> {
  const { provisioningRequestId } = run.current
  const left = kept.map((object) => ({ ...plainRef(object) }))
  await run.remove([{ event: 'end', data: { deleted: true, ...(left.length > 0 && { left }) } }])
  if (left.length > 0)
    log.info(
      { audit: true, action: 'delete', provisioningRequestId, left, reason: kept[0]?.reason },
      'a request is gone; what it shared with others stays',
    )
}
