import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { messageOf, ServiceError } from '../../errors.ts'
import type { JsonObject } from '../../json.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import {
  type Clock,
  ended,
  fail,
  fulfilled,
  hasMade,
  identified,
  started,
  stepChanged,
  type Transition,
} from '../lifecycle.ts'
import { provisioned } from '../progress.ts'
import type { Made, ProvisioningRecord, StepRecord } from '../record.ts'
import { rollbackTarget } from '../rollback.ts'
import { parseInputs } from '../steps/parse-inputs.ts'
import type { Step } from '../steps/step.ts'
import { renderInputs } from '../templates/references.ts'
import type { Template, TemplateStep } from '../templates/template.ts'
import { Interruption } from './interruption.ts'
import { observeStep } from './observe.ts'
import { fenceOf, type RunRecord } from './run-record.ts'
import { simulate } from './simulation.ts'
import { createStepContext, type StepPorts } from './step-context.ts'
import { throttle } from './throttle.ts'
import { unwindRetired } from './unwind.ts'

export interface PipelineParts {
  run: RunRecord
  template: Template
  /** Parameters with the writeOnly values merged in: in memory only. */
  parameters: JsonObject
  steps: ReadonlyMap<string, Step>
  ports: StepPorts
  fingerprint: (text: string) => string
  redact: (text: string) => string
  /** Ends the way forward: deadline, cancel, and whatever ends `undoing`. */
  signal: AbortSignal
  /** Ends an undo, too: shutdown, take-over, a newer generation. */
  undoing: AbortSignal
  undoTimeoutMs: number
  metrics?: Pick<Metrics, 'stepEnded'> | undefined
  /** Of the whole worker; this one alone when absent. */
  runsAtWork?: (() => number) | undefined
  log: Logger
  clock: Clock
}

/** How often a running step may write its progress: all runs of a worker together a hundred times in a second, so that telling does not hold up the work. */
const PROGRESS_EVERY_MS = { atLeast: 250, forEachRun: 10 }

/** A failure that says in which step it happened. */
export class StepFailure extends Error {
  readonly step: string
  constructor(step: string, cause: unknown) {
    super(messageOf(cause), { cause })
    this.step = step
  }
}

/** Runs the template's steps in order, and ends FULFILLED. Rejects with StepFailure. */
export async function runSteps(parts: PipelineParts): Promise<void> {
  const { run, template, clock } = parts
  await runEachStep(parts)
  if (run.current.retired.length > 0) await run.settle()
  if (!(await removeRetired(parts))) return
  const toFulfilled = (record: ProvisioningRecord): Transition => {
    // A cancel that was answered counts, also when it came after the last step.
    if (record.cancelRequested) throw new Interruption('cancelled', 'cancelled')
    return fulfilled(record, provisioned(template.result, record.steps, 'PROVISIONED'), clock)
  }
  await run.write(toFulfilled, { wish: false })
}

/** The steps in order, from the first that is not done; the end of the last one is carried. Rejects with StepFailure. */
export async function runEachStep(parts: PipelineParts): Promise<void> {
  const { run, template } = parts
  for (const templateStep of template.steps) {
    const record = stepOf(run.current, templateStep.name)
    if (record.state === 'SUCCEEDED' || record.state === 'SKIPPED') continue
    try {
      const { name, uses } = templateStep
      const run = () => runStep(templateStep, parts)
      await observeStep({ name, uses, action: 'apply' }, parts, run, (result) => result)
    } catch (error) {
      throw new StepFailure(templateStep.name, error)
    }
  }
}

/** The end of a step, and what the steps have placed until then, in the same write. */
function withResources({ record, events }: Transition, { result }: Template): Transition {
  const { resources } = provisioned(result, record.steps, 'PROCESSING')
  return { record: resources ? { ...record, resources } : record, events }
}

function stepOf(record: ProvisioningRecord, name: string): StepRecord {
  const step = record.steps.find((candidate) => candidate.name === name)
  if (!step) throw new ServiceError('INTERNAL', `the record has no step ${name}`)
  return step
}

/** One step: look whether it has to run at all, then apply and verify, with a checkpoint after each. */
async function runStep(templateStep: TemplateStep, parts: PipelineParts): Promise<'succeeded' | 'skipped'> {
  const { run, clock, template, fingerprint } = parts
  const { name } = templateStep
  const step = parts.steps.get(templateStep.uses)
  if (!step) throw new ServiceError('INVALID_TEMPLATE', `no step of this service is called ${templateStep.uses}`)
  const inputs = await startedInputs(step, templateStep, parts)
  const inputsHash = fingerprint(JSON.stringify([templateStep.uses, inputs]))
  const before = stepOf(run.current, name)
  if (mayBeSkipped(before, inputsHash, run.current, step) && !standsOnNewCluster(inputs, run.current)) {
    const skipped = { state: 'SKIPPED', message: 'nothing changed' } as const
    run.carry((record) => withResources(stepChanged(record, name, skipped, clock), template))
    return 'skipped'
  }
  const identity = step.identity?.(inputs) ?? targetOf(inputs)
  await run.write((record) => {
    const timed = started(record, record.options?.timeoutSeconds ?? template.timeoutSeconds, clock)
    const own = identified(timed.record, name, identity)
    return stepChanged(own.record, name, { state: 'RUNNING', message: 'started', inputsHash: null }, clock)
  })
  const made = await withRetries(() => applyAndVerify(step, inputs, name, parts), name, parts)
  const succeeded = { state: 'SUCCEEDED', made, inputsHash, message: parts.redact(summary(made)) } as const
  // Goes with the start of the next step, or with the end of the run: both follow at once.
  run.carry((record) => withResources(stepChanged(record, name, succeeded, clock), template))
  return 'succeeded'
}

/** The rendered inputs. Ones that are refused fail this step, and no other. */
async function startedInputs(
  step: Step,
  { name, with: given = {} }: TemplateStep,
  parts: PipelineParts,
): Promise<unknown> {
  const { run, template, parameters, clock } = parts
  try {
    return parseInputs(step, renderInputs(given, scopeOf(run.current, template, parameters)))
  } catch (error) {
    await run.write((record) => stepChanged(record, name, { state: 'RUNNING', inputsHash: null }, clock))
    throw error
  }
}

/** Nothing to do when the inputs are those of the last success; a simulation that was asked for has to be acted out. */
function mayBeSkipped(before: StepRecord, inputsHash: string, record: ProvisioningRecord, step: Step): boolean {
  const acted = record.simulated && record.options?.simulation !== undefined
  return before.state === 'PENDING' && before.inputsHash === inputsHash && !record.force && !step.always && !acted
}

/** A cluster that this generation made anew kept its id, and nothing of what an earlier one had put there. */
function standsOnNewCluster(inputs: unknown, { steps, generation }: ProvisioningRecord): boolean {
  const named = JSON.stringify(inputs)
  return steps.some(({ uses, made }) => {
    const anew = uses === 'kind-cluster' && made?.objects.some(({ madeIn }) => madeIn === generation)
    return anew === true && made?.oCloudId !== undefined && named.includes(JSON.stringify(made.oCloudId))
  })
}

function summary(made: Made): string {
  const { summary: own } = made.notes
  if (typeof own === 'string') return own
  const changed = made.objects.filter((object) => object.action !== 'unchanged').length
  const objects = made.objects.length === 1 ? '1 object' : `${made.objects.length} objects`
  return made.objects.length === 0 ? 'done' : `${objects}, ${changed} changed`
}

/** The identity of a step that names none of its own. */
export function targetOf(inputs: unknown): string {
  const target = typeof inputs === 'object' && inputs !== null && 'target' in inputs ? inputs.target : undefined
  return typeof target === 'string' ? target : ''
}

async function applyAndVerify(step: Step, inputs: unknown, name: string, parts: PipelineParts): Promise<Made> {
  const { run, clock, ports, signal, log } = parts
  const attempt = stepOf(run.current, name)
  const { tries } = attempt
  const again = tries === undefined ? '' : ` (${tryWords(tries, run.current.options?.retries)})`
  const { atLeast, forEachRun } = PROGRESS_EVERY_MS
  const everyMs = () => Math.max(atLeast, forEachRun * (parts.runsAtWork?.() ?? 1))
  const progress = throttle(everyMs, (percent: number, words: string) => {
    const message = parts.redact(words) + again
    run
      .write((record) => progressed(record, attempt, { percent: clamp(percent), message }, clock))
      .catch((error) => log.debug({ step: name, cause: messageOf(error) }, 'progress not written'))
  })
  const context = createStepContext({
    ports,
    record: () => run.current,
    step: name,
    signal,
    log,
    progress: progress.call,
    checkpoint: async (made) => {
      signal.throwIfAborted()
      await run.write((record) => stepChanged(record, name, { made }, clock, true))
    },
    fence: fenceOf(run, signal),
  })
  try {
    if (run.current.simulated) await simulate(run.current.options?.simulation, context)
    signal.throwIfAborted()
    const before = stepOf(run.current, name)
    const made = await step.apply(inputs, before.made, context)
    // Where nothing stands, a death leaves nothing to be found.
    if (hasMade(before) || hasMade({ ...before, made })) await context.checkpoint(made)
    return await step.verify(inputs, made, context)
  } finally {
    progress.settle()
  }
}

/** Nobody waits for what is told of a try: once that is over it changes nothing any more. */
function progressed(
  record: ProvisioningRecord,
  { name, tries, startedAt }: StepRecord,
  progress: { percent: number; message: string },
  clock: Clock,
): Transition | undefined {
  const now = stepOf(record, name)
  const goesOn = now.state === 'RUNNING' && now.tries === tries && now.startedAt === startedAt
  return goesOn ? stepChanged(record, name, progress, clock) : undefined
}

const clamp = (percent: number): number => Math.max(0, Math.min(99, Math.round(percent)))

/**
 * Tries again after errors that may pass (an API server that is away, a lost race), with growing jittered pauses, until the signal ends it or
 * `options.retries` are used up. The count stands in the record: it goes on after a death.
 */
async function withRetries<T>(
  work: () => Promise<T>,
  name: string,
  { run, signal, clock, redact, log }: PipelineParts,
): Promise<T> {
  const { retries } = run.current.options ?? {}
  for (let pause = 500; ; pause = Math.min(pause * 2, 10_000)) {
    try {
      return await work()
    } catch (error) {
      // A wait that ends at the deadline says what it last saw, and why: that is the better error.
      if (signal.aborted) throw error instanceof ServiceError && error.code === 'TIMEOUT' ? error : signal.reason
      if (!(error instanceof ServiceError) || !error.retryable) throw error
      const tries = (stepOf(run.current, name).tries ?? 0) + 1
      if (retries !== undefined && tries > retries) throw givenUp(error, tries)
      const message = redact(`${tryWords(tries, retries)} follows: ${error.message}`)
      log.info({ step: name, code: error.code, cause: message }, 'a step met an error that may pass')
      await run.write((record) => stepChanged(record, name, { message, tries }, clock))
      await sleep(pause * (0.5 + Math.random() / 2), undefined, { signal }).catch((aborted) => {
        throw signal.reason ?? aborted
      })
    }
  }
}

function tryWords(failed: number, retries: number | undefined): string {
  return `try ${failed + 1}${retries === undefined ? '' : ` of ${retries + 1}`}`
}

/** The same error, which is final now. */
function givenUp(error: ServiceError, tries: number): ServiceError {
  const { code, message, fields } = error
  return new ServiceError(code, tries === 1 ? message : `${message} (${tries} of ${tries} tries)`, {
    fields,
    cause: error,
  })
}

/** What the values of `{{ … }}` are: parameters, and what earlier steps gave. */
export function scopeOf(record: ProvisioningRecord, template: Template, parameters: JsonObject) {
  const outputs: Record<string, Made['outputs']> = {}
  for (const { name } of template.steps) {
    const made = record.steps.find((step) => step.name === name)?.made
    if (made) outputs[name] = made.outputs
  }
  return { parameters, steps: outputs }
}

/**
 * What the template's steps no longer make is removed once the new ones stand (design.md 3.5), with the time limit of an undo. What cannot be removed ends the request
 * FAILED; what the new generation made stays, unless a rollback is wanted: then this is a failure like any other.
 */
async function removeRetired(parts: PipelineParts): Promise<boolean> {
  const { run, clock } = parts
  const left = await unwindRetired({ ...parts, signal: parts.undoing })
  const [first] = left
  if (first === undefined) return true
  const cause = `what the change replaced could not be removed: ${left.map(({ reason }) => reason).join('; ')}`
  if (rollbackTarget(run.current)) throw new ServiceError('CLEANUP_FAILED', cause)
  await run.write(
    (record) => {
      const failed = fail(record, { code: 'CLEANUP_FAILED', step: null, cause })
      return ended({ ...failed, error: failed.error && { ...failed.error, left } }, clock)
    },
    { wish: false },
  )
  return false
}
