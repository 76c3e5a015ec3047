import { ServiceError } from '../errors.ts'
import { waits } from './held.ts'
import { type Clock, ended, enterPhase, fail, type Transition, wrongPhase } from './lifecycle.ts'
import type { ApprovalRecord, ProvisioningRecord } from './record.ts'

/** What somebody says about a request that waits for approval. */
export interface Decision {
  approver: string
  comment?: string
}

/** POST …/approve: the request goes on to its window, or to a worker. Undefined when it is approved already: the first decision stands. */
export function approved(record: ProvisioningRecord, decision: Decision, clock: Clock): Transition | undefined {
  const asked = askedOf(record, decision)
  if (asked.state === 'APPROVED') return undefined
  if (asked.state === 'REJECTED' || record.phase !== 'PENDING') throw wrongPhase(record, 'approved')
  const at = clock()
  const { message, ...fields } = waits(record.options, decided(asked, 'APPROVED', decision, at), at)
  const words = `approved by ${decision.approver}; ${message}`
  return enterPhase({ ...record, ...fields }, 'PENDING', words, clock)
}

/** POST …/reject: FAILED at once, with who and why. Undefined when it is rejected already. */
export function rejected(record: ProvisioningRecord, decision: Decision, clock: Clock): Transition | undefined {
  const asked = askedOf(record, decision)
  if (asked.state === 'REJECTED') return undefined
  if (asked.state === 'APPROVED')
    throw new ServiceError('WRONG_PHASE', `the request is approved already, by ${asked.approver}; cancel it instead`)
  if (record.phase !== 'PENDING') throw wrongPhase(record, 'rejected')
  const approval = decided(asked, 'REJECTED', decision, clock())
  const why = oneLine(decision.comment)
  const cause = `rejected by ${decision.approver}${why && `: ${why}`}`
  return ended(fail({ ...record, approval }, { code: 'CANCELLED', step: null, cause }), clock)
}

/** The decision that the request asks for, if this approver may take it. */
function askedOf({ approval }: ProvisioningRecord, { approver }: Decision): ApprovalRecord {
  if (!approval) throw new ServiceError('WRONG_PHASE', 'the request does not wait for approval')
  const { approvers } = approval
  if (approvers && !approvers.includes(approver))
    throw new ServiceError('FORBIDDEN', `${approver} is none of the approvers: ${approvers.join(', ')}`)
  return approval
}

function decided(
  asked: ApprovalRecord,
  state: 'APPROVED' | 'REJECTED',
  { approver, comment }: Decision,
  at: Date,
): ApprovalRecord {
  return { ...asked, state, approver, ...(comment !== undefined && { comment }), at: at.toISOString(), verified: false }
}

const oneLine = (text = ''): string => text.replaceAll(/\s+/g, ' ').trim()

/** The decision in words. */
export function approvalWords({ state, approvers, approver, comment, at }: ApprovalRecord): string {
  if (state === 'PENDING') return `not decided${approvers ? `; by ${approvers.join(' or ')}` : ''}`
  const why = oneLine(comment)
  return `${state} by ${approver} (not verified) at ${at}${why && `: ${why}`}`
}
