import { ERROR_CODES, ServiceError } from '../errors.ts'
import { type Clock, enterPhase, hasMade, retire, stepsOf, type Transition } from './lifecycle.ts'
import { provisioned } from './progress.ts'
import type { FailureRecord, FulfilledGeneration, ProvisioningRecord } from './record.ts'
import { keyOf } from './steps/object-order.ts'
import type { Template } from './templates/template.ts'

/** What a failed generation goes back to by `options.rollbackOnFailure`; undefined when that is not wanted, nothing was FULFILLED before, or it was the very same request. */
export function rollbackTarget({
  options,
  lastFulfilled,
  sentHash,
}: ProvisioningRecord): FulfilledGeneration | undefined {
  return options?.rollbackOnFailure && lastFulfilled?.sentHash !== sentHash ? lastFulfilled : undefined
}

/** The steps become those of the generation that is applied again; how the failed ones went is kept for the end. */
export function rollbackStarted(
  record: ProvisioningRecord,
  target: FulfilledGeneration,
  template: Pick<Template, 'steps'>,
  limitMs: number,
  clock: Clock,
): Transition {
  const { steps, deadline, error } = record
  const next: ProvisioningRecord = {
    ...record,
    ...stepsOf(template, record),
    rollback: { to: target.generation, failed: { steps, deadline } },
    deadline: new Date(clock().getTime() + limitMs).toISOString(),
  }
  const where = error?.step ? `${error.step}: ` : ''
  return enterPhase(
    next,
    record.phase,
    `${where}${error?.cause}; rolling back to generation ${target.generation}`,
    clock,
  )
}

/** How a rollback went: what of the failed generation could not be removed, or why it could not be done. */
export type RollbackEnd = { left: FailureRecord['left'] } | { failed: string }

/**
 * The record with the failed generation's steps again, each with what stands of it now, and an error that says how the rollback went. `standing` is what is
 * provisioned when it went well.
 */
export function rollbackEnded(
  record: ProvisioningRecord,
  target: FulfilledGeneration,
  end: RollbackEnd,
): { record: ProvisioningRecord; standing?: Pick<ProvisioningRecord, 'provisionedResourceSet' | 'resources'> } {
  if (!record.error) throw new ServiceError('INTERNAL', 'a request without an error cannot be rolled back')
  const done = record.rollback ? asItFailed(record, record.rollback) : record
  if ('failed' in end) {
    const cause = `${record.error.cause}; the rollback to generation ${target.generation} failed: ${end.failed}`
    return { record: { ...done, error: { ...withCode(record.error, 'CLEANUP_FAILED'), cause } } }
  }
  const error = withLeft({ ...record.error, rolledBackTo: target.generation }, done, end.left)
  return { record: { ...done, error }, standing: provisioned(target.result, record.steps, 'PROVISIONED') }
}

function asItFailed(
  record: ProvisioningRecord,
  { failed }: NonNullable<ProvisioningRecord['rollback']>,
): ProvisioningRecord {
  const { rollback: _r, ...rest } = record
  const others = [...record.steps]
  const steps = failed.steps.map((step) => {
    const { made: _m, identity: _i, inputsHash: _h, ...went } = step
    const index = others.findIndex(({ name, uses }) => name === step.name && uses === step.uses)
    const [now] = index < 0 ? [] : others.splice(index, 1)
    return {
      ...went,
      ...(now?.made && { made: now.made }),
      ...(now?.identity !== undefined && { identity: now.identity }),
      ...(now?.inputsHash !== undefined && { inputsHash: now.inputsHash }),
    }
  })
  const retired = [...record.retired, ...others.filter(hasMade).map((step) => retire(record, step))]
  return { ...rest, deadline: failed.deadline, steps, retired }
}

/** What the undo had left and the rollback took away is undone after all. */
function withLeft(error: FailureRecord, { steps, retired }: ProvisioningRecord, more: FailureRecord['left']) {
  const stands = new Set([...steps, ...retired].flatMap((step) => (step.made?.objects ?? []).map(keyOf)))
  const known = new Set(more.map(keyOf))
  const before = error.left.filter((object) => !known.has(keyOf(object)))
  const gone = before.filter((object) => !stands.has(keyOf(object)))
  const left = [...before.filter((object) => stands.has(keyOf(object))), ...more]
  const undone = [...error.undone, ...gone.map(({ reason: _r, ...object }) => object)]
  const next = { ...error, left, undone }
  if (more.length > 0) return withCode(next, 'CLEANUP_FAILED')
  return left.length === 0 && error.firstCode ? withCode(next, error.firstCode) : next
}

function withCode(error: FailureRecord, code: FailureRecord['code']): FailureRecord {
  const firstCode = error.firstCode ?? error.code
  return { ...error, code, exitCode: ERROR_CODES[code].exitCode, firstCode }
}
