import { ERROR_CODES, ServiceError } from '../errors.ts'
import { isHeld, neededApproval, type Waits, waits } from './held.ts'
import { oneLine } from './one-line.ts'
import { percentOf, provisioned } from './progress.ts'
import type {
  FailureRecord,
  FulfilledGeneration,
  Made,
  ProvisioningEvent,
  ProvisioningPhase,
  ProvisioningRecord,
  ProvisioningRequestData,
  RequestOptions,
  StepRecord,
  StepState,
} from './record.ts'
import type { Template } from './templates/template.ts'

/**
 * The state machine of a provisioning request (O2IMS 3.4.6.3.3.1 and design.md 3): pure functions from one record to the next,
 * with the events that go into its log in the same write. Nobody else changes phase, generation or the state of a step.
 */
export interface Transition {
  record: ProvisioningRecord
  events: ProvisioningEvent[]
}

export type Clock = () => Date

const now = (clock: Clock): string => clock().toISOString()

export const isEnded = (phase: ProvisioningPhase): boolean => phase === 'FULFILLED' || phase === 'FAILED'

export function enterPhase(
  record: ProvisioningRecord,
  phase: ProvisioningPhase,
  message: string,
  clock: Clock,
): Transition {
  const at = now(clock)
  const next = {
    ...record,
    phase,
    message: oneLine(message),
    updateTime: phase === record.phase ? record.updateTime : at,
  }
  return { record: next, events: [phaseEvent(next, at)] }
}

function phaseEvent(record: ProvisioningRecord, at: string): ProvisioningEvent {
  return {
    event: 'phase',
    data: {
      provisioningRequestId: record.provisioningRequestId,
      generation: record.generation,
      provisioningPhase: record.phase,
      message: record.message,
      ...(record.approval && { approval: record.approval }),
      at,
    },
  }
}

function stepEvent(record: ProvisioningRecord, step: StepRecord, at: string): ProvisioningEvent {
  return {
    event: 'step',
    data: {
      provisioningRequestId: record.provisioningRequestId,
      generation: record.generation,
      step: step.name,
      state: step.state,
      percent: record.percent,
      message: step.message ?? '',
      at,
    },
  }
}

/** What a POST or PUT brings, after validation. */
export interface Accepted {
  data: ProvisioningRequestData
  options?: RequestOptions
  sealed?: string
  sentHash: string
  parameters: ProvisioningRecord['parameters']
  oCloudIds: string[]
  simulated: boolean
  template: Template
}

function acceptedFields(accepted: Accepted) {
  const { template, ...fields } = accepted
  return { ...fields, result: template.result }
}

/** POST: the first generation. */
export function created(accepted: Accepted, reference: string, clock: Clock): Transition {
  const at = now(clock)
  const record: ProvisioningRecord = {
    ...acceptedFields(accepted),
    provisioningRequestId: accepted.data.provisioningRequestId,
    reference,
    createdAt: at,
    generation: 1,
    epoch: 0,
    n: 0,
    phase: 'PENDING',
    ...waitsOf(accepted, at),
    updateTime: at,
    deadline: null,
    percent: 0,
    currentStep: null,
    steps: accepted.template.steps.map(({ name, uses }) => ({ name, uses, state: 'PENDING' })),
    retired: [],
  }
  return { record, events: [phaseEvent(record, at)] }
}

const waitsOf = ({ options, template }: Accepted, at: string): Waits =>
  waits(options, neededApproval(options, template.approvers), new Date(at))

/** What to go back to when the next generation fails; nothing for one that is deleted. */
function lastFulfilledOf(record: ProvisioningRecord): { lastFulfilled?: FulfilledGeneration } {
  if (record.phase !== 'FULFILLED') return record.lastFulfilled ? { lastFulfilled: record.lastFulfilled } : {}
  const { generation, data, options, sealed, sentHash, parameters, oCloudIds, simulated, result } = record
  return {
    lastFulfilled: { generation, data, options, sealed, sentHash, parameters, oCloudIds, simulated, result },
  }
}

/** What a new generation starts from: nothing of the last run, but everything that it made. */
function nextGeneration(
  record: ProvisioningRecord,
  phase: ProvisioningPhase,
  { message, ...held }: Waits,
  clock: Clock,
): Transition {
  const {
    approval: _a,
    notBefore: _n,
    lastFulfilled: _l,
    rollback: _b,
    error: _e,
    startedAt: _s,
    finishedAt: _f,
    cancelRequested: _c,
    force: _o,
    provisionedResourceSet: _p,
    resources: _r,
    ...kept
  } = record
  const reset: ProvisioningRecord = {
    ...kept,
    ...held,
    generation: record.generation + 1,
    deadline: null,
    percent: 0,
    currentStep: null,
  }
  return enterPhase(reset, phase, message, clock)
}

/** A step's record at the start of a generation: what it made is kept, how it went is not. */
function waitingStep(step: StepRecord): StepRecord {
  return {
    name: step.name,
    uses: step.uses,
    state: 'PENDING',
    ...(step.made && { made: step.made }),
    ...(step.identity && { identity: step.identity }),
    ...(step.inputsHash && { inputsHash: step.inputsHash }),
  }
}

/** Whether its undo has something to do: what stands, or a hook that runs before the removal. */
export const hasMade = ({ made }: StepRecord): boolean =>
  made !== undefined && (made.objects.length > 0 || made.notes.beforeRemoval !== undefined)

/** PUT: a newer generation, in any phase but DELETING. Steps that the template no longer has are retired: undone once the new ones stand. */
export function replaced(record: ProvisioningRecord, accepted: Accepted, clock: Clock): Transition {
  if (record.phase === 'DELETING') throw wrongPhase(record, 'changed')
  if (accepted.data.provisioningRequestId !== record.provisioningRequestId) {
    throw new ServiceError('IMMUTABLE', 'provisioningRequestId cannot change: send the id of the path', {
      fields: [{ pointer: '/provisioningRequestId', message: `must be ${record.provisioningRequestId}` }],
    })
  }
  const { options: _o, sealed: _s, ...kept } = record
  const fields = { ...kept, ...acceptedFields(accepted), ...stepsOf(accepted.template, record) }
  const next = nextGeneration(fields, 'PENDING', waitsOf(accepted, now(clock)), clock)
  return { ...next, record: { ...next.record, ...lastFulfilledOf(record) } }
}

/** The steps of a template, each with what it has made already, and what the record's other steps have made, set aside. */
export function stepsOf(
  template: Pick<Template, 'steps'>,
  record: ProvisioningRecord,
): Pick<ProvisioningRecord, 'steps' | 'retired'> {
  const remaining = [...record.steps]
  const steps = template.steps.map(({ name, uses }) => {
    const index = remaining.findIndex((step) => step.name === name && step.uses === uses)
    const [old] = index < 0 ? [] : remaining.splice(index, 1)
    return old ? waitingStep(old) : { name, uses, state: 'PENDING' as const }
  })
  return { steps, retired: [...record.retired, ...remaining.filter(hasMade).map((step) => retire(record, step))] }
}

/** POST …/retry: all steps run again from the first. */
export function retried(record: ProvisioningRecord, clock: Clock): Transition {
  if (!isEnded(record.phase)) throw wrongPhase(record, 'retried')
  const again = waits(record.options, neededApproval(record.options, record.approval?.approvers), clock())
  const next = nextGeneration({ ...record, steps: record.steps.map(waitingStep) }, 'PENDING', again, clock)
  return { ...next, record: { ...next.record, ...lastFulfilledOf(record), force: true } }
}

/** DELETE, in any phase; a second one changes nothing. */
export function deleting(record: ProvisioningRecord, clock: Clock): Transition | undefined {
  if (record.phase === 'DELETING') return undefined
  return nextGeneration(record, 'DELETING', { message: 'waiting for a worker to remove what was made' }, clock)
}

/** POST …/cancel. What no worker has touched yet, or may not touch yet, ends at once; anything else at the worker's next safe point. */
export function cancelled(record: ProvisioningRecord, clock: Clock): Transition | undefined {
  if (record.phase !== 'PENDING' && record.phase !== 'PROGRESSING') throw wrongPhase(record, 'cancelled')
  if (record.error) throw new ServiceError('WRONG_PHASE', 'the request has failed already and is being undone')
  if (record.cancelRequested) return undefined
  if (record.epoch === 0 || isHeld(record, clock()))
    return ended(fail(record, { code: 'CANCELLED', step: null, cause: 'cancelled before it started' }), clock)
  return enterPhase({ ...record, cancelRequested: true }, record.phase, 'cancelling', clock)
}

export function wrongPhase(record: ProvisioningRecord, verb: string): ServiceError {
  return new ServiceError('WRONG_PHASE', `a request that is ${record.phase} cannot be ${verb}`)
}

/**
 * A worker takes over: the epoch fences whoever was at it before. It is the time, so that nobody gets an epoch a second time after a failover of Redis that lost the
 * take-over in between.
 */
export function claimed(record: ProvisioningRecord, clock: Clock): Transition {
  const { notBefore: _n, ...rest } = record
  const taken = { ...rest, epoch: Math.max(record.epoch + 1, clock().getTime()) }
  if (record.phase !== 'PENDING') return { record: taken, events: [] }
  return enterPhase(taken, 'PROGRESSING', 'started', clock)
}

/** A worker was free only after the maintenance window had closed: the next one is waited for. Undefined when it is open, or there is none. */
export function postponed(record: ProvisioningRecord, clock: Clock): Transition | undefined {
  if (record.phase !== 'PENDING' || record.cancelRequested) return undefined
  const again = waits(record.options, record.approval, clock())
  if (again.notBefore === undefined) return undefined
  return enterPhase({ ...record, notBefore: again.notBefore }, 'PENDING', again.message, clock)
}

/** The deadline starts with a generation's first step; waiting does not count. */
export function started(record: ProvisioningRecord, timeoutSeconds: number, clock: Clock): Transition {
  if (record.deadline) return { record, events: [] }
  const at = clock()
  const deadline = new Date(at.getTime() + timeoutSeconds * 1000).toISOString()
  return { record: { ...record, startedAt: at.toISOString(), deadline }, events: [] }
}

/** Changes one step; `state` absent keeps it. Says so in an event unless `silent`. */
export function stepChanged(
  record: ProvisioningRecord,
  name: string,
  change: {
    state?: StepState
    message?: string
    percent?: number
    made?: Made
    inputsHash?: string | null
    identity?: string
    tries?: number
  },
  clock: Clock,
  silent = false,
): Transition {
  const at = now(clock)
  const steps = record.steps.map((step) => (step.name === name ? changedStep(step, change, at) : step))
  const step = steps.find((candidate) => candidate.name === name)
  if (!step) throw new ServiceError('INTERNAL', `there is no step ${name}`)
  const undoing = record.phase === 'DELETING' || record.error !== undefined
  const next: ProvisioningRecord = {
    ...record,
    steps,
    percent: undoing ? record.percent : Math.max(record.percent, percentOf(steps)),
    currentStep: undoing ? record.currentStep : name,
    message: step.message ? `${name}: ${step.message}` : record.message,
  }
  return { record: next, events: silent ? [] : [stepEvent(next, step, at)] }
}

function changedStep(step: StepRecord, change: Parameters<typeof stepChanged>[2], at: string): StepRecord {
  const { inputsHash, ...rest } = change
  const next: StepRecord = { ...step, ...rest }
  if (change.message !== undefined) next.message = oneLine(change.message)
  if (inputsHash === null) delete next.inputsHash
  else if (inputsHash) next.inputsHash = inputsHash
  if (change.state === 'RUNNING' && step.state !== 'RUNNING') {
    next.startedAt = at
    delete next.finishedAt
    next.percent = 0
  }
  if (change.state === 'SUCCEEDED' || change.state === 'FAILED' || change.state === 'UNDONE') next.finishedAt ??= at
  if (change.state === 'SUCCEEDED') next.percent = 100
  return next
}

/** Sets a step aside with what it has made, to be undone later or taken back. */
export function retire({ generation }: Pick<ProvisioningRecord, 'generation'>, step: StepRecord): StepRecord {
  const { inputsHash: _hash, ...rest } = step
  return { ...rest, retiredKey: [generation, step.uses, step.name, step.identity ?? ''].join('/') }
}

/**
 * Says what a step's objects hang on in this generation. What it made under another identity (another target, another name) is set aside, to be undone when the new one stands;
 * what was set aside under this one, before a change that failed or went another way, is its own again.
 */
export function identified(record: ProvisioningRecord, name: string, identity: string): Transition {
  const step = record.steps.find((candidate) => candidate.name === name)
  if (!step || step.identity === identity) return { record, events: [] }
  const aside = hasMade(step) ? [...record.retired, retire(record, step)] : record.retired
  const own = aside.find((old) => old.name === name && old.uses === step.uses && old.identity === identity)
  const { made: _made, inputsHash: _hash, ...emptied } = step
  const next: StepRecord = { ...emptied, identity, ...(own?.made && { made: own.made }) }
  return {
    record: {
      ...record,
      steps: record.steps.map((candidate) => (candidate === step ? next : candidate)),
      retired: aside.filter((old) => old !== own),
    },
    events: [],
  }
}

/** What of a retired step still stands. */
export function retiredChanged(record: ProvisioningRecord, key: string | undefined, made: Made): Transition {
  const retired = record.retired.map((step) => (step.retiredKey === key ? { ...step, made } : step))
  return { record: { ...record, retired }, events: [] }
}

/** Records the failure; the undoing that follows (if any) goes on from here after a death. */
export function fail(
  record: ProvisioningRecord,
  failure: Pick<FailureRecord, 'code' | 'step' | 'cause'>,
): ProvisioningRecord {
  const cause = oneLine(failure.cause)
  return { ...record, error: { ...failure, cause, exitCode: ERROR_CODES[failure.code].exitCode, undone: [], left: [] } }
}

/**
 * FAILED: says what failed, what was undone, what could not be, and what stands again. Anything left makes it CLEANUP_FAILED when cleaning up was wanted.
 * `standing` is what is provisioned all the same.
 */
export function ended(
  record: ProvisioningRecord,
  clock: Clock,
  standing = provisioned(record.result, record.steps, 'FAILED'),
): Transition {
  const error = record.error
  if (!error) throw new ServiceError('INTERNAL', 'a request without an error cannot end FAILED')
  const counted = (count: number) => (count === 1 ? '1 object' : `${count} objects`)
  const words = [`${error.step ? `${error.step}: ` : ''}${error.cause}`]
  if (error.undone.length > 0) words.push(`undone: ${counted(error.undone.length)}`)
  if (error.left.length > 0) words.push(`left behind: ${counted(error.left.length)}`)
  if (error.rolledBackTo !== undefined) words.push(`rolled back to generation ${error.rolledBackTo}`)
  const { cancelRequested: _c, force: _f, resources: _r, notBefore: _n, ...rest } = record
  const next = enterPhase({ ...rest, ...standing, finishedAt: now(clock) }, 'FAILED', words.join('; '), clock)
  return { record: next.record, events: [...next.events, { event: 'end', data: { provisioningPhase: 'FAILED' } }] }
}

/** Still DELETING: something could not be removed, and is tried again later. */
export function deletionDelayed(record: ProvisioningRecord, tries: number, message: string, clock: Clock): Transition {
  return enterPhase({ ...record, deleteTries: tries }, record.phase, message, clock)
}

/** FULFILLED, with what was provisioned. */
export function fulfilled(
  record: ProvisioningRecord,
  result: Pick<ProvisioningRecord, 'provisionedResourceSet' | 'resources'>,
  clock: Clock,
): Transition {
  const { force: _f, cancelRequested: _c, error: _e, lastFulfilled: _l, ...rest } = record
  const done = { ...rest, ...result, percent: 100, finishedAt: now(clock) }
  const next = enterPhase(done, 'FULFILLED', 'provisioned', clock)
  return { record: next.record, events: [...next.events, { event: 'end', data: { provisioningPhase: 'FULFILLED' } }] }
}
