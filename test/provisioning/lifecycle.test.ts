import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { approved, rejected } from '../../src/provisioning/approval.ts'
import { isHeld, wishOf } from '../../src/provisioning/held.ts'
import {
  type Accepted,
  cancelled,
  claimed,
  created,
  deleting,
  ended,
  fail,
  fulfilled,
  identified,
  isEnded,
  replaced,
  retried,
  started,
  stepChanged,
  type Transition,
} from '../../src/provisioning/lifecycle.ts'
import type { Made, ProvisioningPhase, ProvisioningRecord, RequestOptions } from '../../src/provisioning/record.ts'

let time = 0
const clock = () => new Date(Date.UTC(2026, 0, 1) + time++ * 1000)

function accepted(
  steps: string[] = ['check', 'workload', 'report'],
  id = 'r1',
  options: RequestOptions = {},
): Accepted {
  return {
    options,
    data: { provisioningRequestId: id, name: 'n', description: 'd', templateName: 't', templateVersion: '1.0.0' },
    sentHash: 'h',
    parameters: {},
    oCloudIds: [],
    simulated: true,
    template: {
      name: 't',
      version: '1.0.0',
      description: '',
      result: 'resources',
      timeoutSeconds: 60,
      parameterSchema: {},
      steps: steps.map((name) => ({ name, uses: `uses-${name}` })),
    },
  }
}

const made = (name: string, madeIn = 1): Made => ({
  objects: [{ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'x', name, action: 'created', madeIn }],
  outputs: {},
  notes: {},
})

const fresh = () => created(accepted(), 'ref-1', clock).record
const running = () => claimed(fresh(), clock).record

/** Everything that may happen to a record, whatever its phase; undefined or a WRONG_PHASE leaves it alone. */
const happenings: Record<string, (record: ProvisioningRecord) => Transition | undefined> = {
  put: (record) => replaced(record, accepted(), clock),
  putOtherSteps: (record) => replaced(record, accepted(['other']), clock),
  putToApprove: (record) => replaced(record, accepted(['check'], 'r1', { approval: { required: true } }), clock),
  putForSunday: (record) => replaced(record, accepted(['check'], 'r1', { maintenanceWindow: SUNDAY }), clock),
  approve: (record) => approved(record, { approver: 'ann' }, clock),
  reject: (record) => rejected(record, { approver: 'bob', comment: 'not now' }, clock),
  retry: (record) => retried(record, clock),
  delete: (record) => deleting(record, clock),
  cancel: (record) => cancelled(record, clock),
  claim: (record) => (isEnded(record.phase) || isHeld(record, clock()) ? undefined : claimed(record, clock)),
  start: (record) => (record.phase === 'PROGRESSING' ? started(record, 60, clock) : undefined),
  step: (record) => {
    const step = record.steps.find((candidate) => candidate.state !== 'SUCCEEDED')
    return step && record.phase === 'PROGRESSING'
      ? stepChanged(record, step.name, { state: step.state === 'RUNNING' ? 'SUCCEEDED' : 'RUNNING' }, clock)
      : undefined
  },
  fail: (record) =>
    record.phase === 'PROGRESSING'
      ? ended(fail(record, { code: 'APPLY_FAILED', step: record.currentStep, cause: 'x' }), clock)
      : undefined,
  fulfil: (record) => (record.phase === 'PROGRESSING' && !record.error ? fulfilled(record, {}, clock) : undefined),
}

const SUNDAY = { schedule: '0 2 * * SUN', durationSeconds: 3600 }

const ALLOWED: Record<ProvisioningPhase, ProvisioningPhase[]> = {
  PENDING: ['PENDING', 'PROGRESSING', 'FAILED', 'DELETING'],
  PROGRESSING: ['PROGRESSING', 'PENDING', 'FULFILLED', 'FAILED', 'DELETING'],
  FULFILLED: ['PENDING', 'DELETING'],
  FAILED: ['PENDING', 'DELETING'],
  DELETING: ['DELETING'],
}

describe('the state machine of a provisioning request', () => {
  it('keeps to the phases of the specification, whatever happens in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Object.keys(happenings)), { maxLength: 40 }), (names) => {
        let record = fresh()
        for (const name of names) {
          let transition: Transition | undefined
          try {
            transition = happenings[name]?.(record)
          } catch (error) {
            expect(error).toBeInstanceOf(ServiceError)
            expect((error as ServiceError).code).toBe('WRONG_PHASE')
          }
          if (!transition) continue
          const next = transition.record
          expect(ALLOWED[record.phase]).toContain(next.phase)
          expect(next.generation).toBeGreaterThanOrEqual(record.generation)
          expect(next.epoch).toBeGreaterThanOrEqual(record.epoch)
          expect(next.reference).toBe(record.reference)
          if (next.phase !== record.phase) {
            expect(next.updateTime > record.updateTime).toBe(true)
            expect(
              transition.events.some((event) => event.event === 'phase' && event.data.provisioningPhase === next.phase),
            ).toBe(true)
          } else {
            expect(next.updateTime).toBe(record.updateTime)
          }
          const endsNow = isEnded(next.phase) && !isEnded(record.phase)
          expect(transition.events.some((event) => event.event === 'end')).toBe(endsNow)
          if (next.generation === record.generation) expect(next.percent).toBeGreaterThanOrEqual(record.percent)
          expect(next.percent === 100).toBe(next.phase === 'FULFILLED')
          expect(next.error !== undefined).toBe(next.phase === 'FAILED')
          const { approval, maintenanceWindow } = next.options ?? {}
          if (next.phase === 'PROGRESSING' && approval) expect(next.approval?.state).toBe('APPROVED')
          if (next.phase === 'PENDING' && maintenanceWindow) expect(next.message).toMatch(/until 2026-01-04T02:00:00/)
          expect(wishOf(next) === false).toBe(isEnded(next.phase) || (isHeld(next, clock()) && approval !== undefined))
          record = next
        }
      }),
      { numRuns: 500 },
    )
  })

  it('keeps what was made when a PUT names the same steps, and retires what the new template no longer has', () => {
    const one = stepChanged(
      running(),
      'workload',
      { state: 'SUCCEEDED', made: made('du'), inputsHash: 'a', identity: 'A' },
      clock,
    ).record
    const same = replaced(one, accepted(), clock).record
    expect(same.steps[1]).toEqual({
      name: 'workload',
      uses: 'uses-workload',
      state: 'PENDING',
      made: made('du'),
      inputsHash: 'a',
      identity: 'A',
    })
    expect(same.retired).toEqual([])
    const other = replaced(one, accepted(['other']), clock).record
    expect(other.steps).toEqual([{ name: 'other', uses: 'uses-other', state: 'PENDING' }])
    expect(other.retired.map((step) => step.name)).toEqual(['workload'])
  })

  it('sets aside what hangs on another target and takes it back when the target is the old one again', () => {
    const one = stepChanged(
      running(),
      'workload',
      { state: 'SUCCEEDED', made: made('du'), identity: 'A' },
      clock,
    ).record
    expect(identified(one, 'workload', 'A').record).toBe(one)
    const aside = identified(one, 'workload', 'B').record
    expect(aside.steps[1]).toMatchObject({ identity: 'B' })
    expect(aside.steps[1]?.made).toBeUndefined()
    expect(aside.retired).toMatchObject([
      { name: 'workload', identity: 'A', made: made('du'), retiredKey: '1/uses-workload/workload/A' },
    ])
    const back = identified(aside, 'workload', 'A').record
    expect(back.retired).toEqual([])
    expect(back.steps[1]?.made).toEqual(made('du'))
  })

  it('takes back what a template without the step had retired, when a later one has it again', () => {
    const one = stepChanged(
      running(),
      'workload',
      { state: 'SUCCEEDED', made: made('du'), identity: 'A' },
      clock,
    ).record
    const without = replaced(one, accepted(['other']), clock).record
    const again = replaced(without, accepted(), clock).record
    const back = identified(again, 'workload', 'A').record
    expect(back.steps[1]?.made).toEqual(made('du'))
    expect(back.retired).toEqual([])
  })

  it('cannot be cancelled any more once it has failed and is being undone', () => {
    const failing = fail(running(), { code: 'APPLY_FAILED', step: 'workload', cause: 'x' })
    expect(() => cancelled(failing, clock)).toThrow(expect.objectContaining({ code: 'WRONG_PHASE' }))
  })

  it('does not move the deadline once it is set', () => {
    const first = started(running(), 60, clock).record
    expect(started(first, 600, clock).record.deadline).toBe(first.deadline)
    expect(Date.parse(first.deadline ?? '') - Date.parse(first.startedAt ?? '')).toBe(60_000)
  })

  it('ends a request that no worker has touched at once when it is cancelled, and flags any other', () => {
    const untouched = cancelled(fresh(), clock)
    expect(untouched?.record.phase).toBe('FAILED')
    expect(untouched?.record.error).toMatchObject({ code: 'CANCELLED', exitCode: 6, step: null })
    const flagged = cancelled(running(), clock)
    expect(flagged?.record).toMatchObject({ phase: 'PROGRESSING', cancelRequested: true })
    expect(flagged && cancelled(flagged.record, clock)).toBeUndefined()
  })

  it('says in the message of a failure what was undone and what was left behind', () => {
    const failed = fail(running(), { code: 'APPLY_FAILED', step: 'workload', cause: 'no room' })
    const object = { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', action: 'created' as const }
    failed.error?.undone.push(object)
    failed.error?.left.push({ ...object, reason: 'away' }, { ...object, reason: 'away' })
    expect(ended(failed, clock).record.message).toBe('workload: no room; undone: 1 object; left behind: 2 objects')
  })

  it('has one line in every message, whatever a tool printed', () => {
    const printed = 'https://host/x cannot be reached: warning: slow\n  fatal: unable to access it:\r\nno answer\n'
    const told = 'https://host/x cannot be reached: warning: slow; fatal: unable to access it: no answer'
    const failed = fail(running(), { code: 'PREFLIGHT_FAILED', step: 'workload', cause: printed })
    expect(failed.error?.cause).toBe(told)
    expect(ended(failed, clock).record.message).toBe(`workload: ${told}`)
    const changed = stepChanged(running(), 'workload', { message: printed }, clock).record
    expect(changed.message).toBe(`workload: ${told}`)
  })

  it('refuses a PUT that changes the id with 422', () => {
    expect(() => replaced(running(), accepted(['check'], 'r2'), clock)).toThrow(
      expect.objectContaining({ code: 'IMMUTABLE' }),
    )
  })
})
