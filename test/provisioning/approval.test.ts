import { describe, expect, it } from 'vitest'
import { approvalWords, approved, type Decision, rejected } from '../../src/provisioning/approval.ts'
import { cancelled, claimed, created, deleting, replaced, retried } from '../../src/provisioning/lifecycle.ts'
import type { ProvisioningRecord, RequestOptions } from '../../src/provisioning/record.ts'
import { frontDoorInfo } from '../../src/provisioning/representation.ts'
import { thingsAccepted, thingTemplate } from '../harness/run.ts'

const clock = () => new Date('2026-11-23T10:00:00.000Z')
const ann: Decision = { approver: 'ann', comment: 'go\n ahead' }
const required: RequestOptions = { approval: { required: true } }
const template = thingTemplate(['one'])
const asked = (options = required, approvers?: string[]) =>
  thingsAccepted('r', { ...template, ...(approvers && { approvers }) }, { one: 'a' }, options)
const waiting = (options?: RequestOptions, approvers?: string[]) =>
  created(asked(options, approvers), 'ref', clock).record

function recordOf(transition: { record: ProvisioningRecord } | undefined): ProvisioningRecord {
  if (!transition) throw new Error('nothing changed')
  return transition.record
}

describe('a request that needs approval', () => {
  it('waits PENDING and says for whom', () => {
    expect(waiting()).toMatchObject({ phase: 'PENDING', message: 'waiting for approval' })
    expect(waiting(required, ['ann', 'bob']).message).toBe('waiting for approval by ann or bob')
    expect(waiting({ approval: { required: true, approvers: ['bob'] } }, ['ann', 'bob']).message).toBe(
      'waiting for approval by bob',
    )
    expect(waiting({ approval: { required: false } }).message).toBe('waiting for a worker')
  })

  it('goes on when it is approved; who did it stands in the representation and in the event', () => {
    const { record, events } = approved(waiting(), ann, clock) ?? {}
    expect(record).toMatchObject({ phase: 'PENDING', message: 'approved by ann; waiting for a worker' })
    const approval = {
      required: true,
      state: 'APPROVED',
      approver: 'ann',
      comment: 'go\n ahead',
      at: '2026-11-23T10:00:00.000Z',
      verified: false,
    }
    expect(record && frontDoorInfo(record).progress.approval).toEqual(approval)
    expect(events).toMatchObject([{ event: 'phase', data: { provisioningPhase: 'PENDING', approval } }])
    expect(approvalWords(record?.approval as never)).toBe(
      'APPROVED by ann (not verified) at 2026-11-23T10:00:00.000Z: go ahead',
    )
  })

  it('waits for its window once it is approved', () => {
    const window = { schedule: '0 2 * * SUN', durationSeconds: 3600 }
    const record = recordOf(approved(waiting({ ...required, maintenanceWindow: window }), ann, clock))
    expect(record.notBefore).toBe('2026-11-29T02:00:00.000Z')
    expect(record.message).toBe('approved by ann; waiting for the maintenance window until 2026-11-29T02:00:00.000Z')
  })

  it('ends FAILED with who and why when it is rejected', () => {
    const record = recordOf(rejected(waiting(), { approver: 'bob', comment: 'the site\nis closed' }, clock))
    expect(record).toMatchObject({ phase: 'FAILED', message: 'rejected by bob: the site is closed' })
    expect(record.error).toMatchObject({ code: 'CANCELLED', exitCode: 6, step: null })
    expect(record.approval).toMatchObject({ state: 'REJECTED', approver: 'bob', verified: false })
    expect(recordOf(rejected(waiting(), { approver: 'bob' }, clock)).message).toBe('rejected by bob')
  })

  it('takes a decision from its approvers only, whoever they are decided by', () => {
    for (const decide of [approved, rejected]) {
      expect(() => decide(waiting(required, ['bob']), ann, clock)).toThrow(
        expect.objectContaining({ code: 'FORBIDDEN', message: 'ann is none of the approvers: bob' }),
      )
      expect(decide(waiting(required, ['bob', 'ann']), ann, clock)).toBeDefined()
    }
  })

  it('is decided once: the same again changes nothing, the contrary is refused', () => {
    const yes = recordOf(approved(waiting(), ann, clock))
    expect(approved(yes, { approver: 'bob' }, clock)).toBeUndefined()
    expect(approved(claimed(yes, clock).record, ann, clock)).toBeUndefined()
    expect(() => rejected(yes, ann, clock)).toThrow(expect.objectContaining({ code: 'WRONG_PHASE' }))
    const no = recordOf(rejected(waiting(), ann, clock))
    expect(rejected(no, ann, clock)).toBeUndefined()
    expect(() => approved(no, ann, clock)).toThrow(expect.objectContaining({ code: 'WRONG_PHASE' }))
  })

  it('cannot be decided when it does not wait: no approval asked for, cancelled, or on its way out', () => {
    const others = [waiting({}), recordOf(cancelled(waiting(), clock)), recordOf(deleting(waiting(), clock))]
    for (const record of others)
      for (const decide of [approved, rejected])
        expect(() => decide(record, ann, clock)).toThrow(expect.objectContaining({ code: 'WRONG_PHASE' }))
  })

  it('needs it anew in every generation: after a PUT and after a retry', () => {
    const yes = recordOf(approved(waiting(required, ['ann']), ann, clock))
    const put = replaced(yes, asked(), clock).record
    expect([put.approval, put.message]).toEqual([{ required: true, state: 'PENDING' }, 'waiting for approval'])
    const no = recordOf(rejected(waiting(required, ['ann']), ann, clock))
    expect(retried(no, clock).record).toMatchObject({
      message: 'waiting for approval by ann',
      approval: { required: true, state: 'PENDING', approvers: ['ann'] },
    })
    expect(replaced(yes, asked({}), clock).record).not.toHaveProperty('approval')
  })
})
