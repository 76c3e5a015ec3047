import { openingOf } from './maintenance-window.ts'
import type { ApprovalRecord, ProvisioningRecord, RequestOptions } from './record.ts'

/** What a PENDING request waits for, beside a worker: fields of its record. */
export type Waits = Pick<ProvisioningRecord, 'message' | 'notBefore' | 'approval'>

const FOR_A_WORKER = 'waiting for a worker'

/** The decision that a new generation needs; undefined when none was asked for. */
export function neededApproval(
  options: RequestOptions | undefined,
  templateApprovers: readonly string[] | undefined,
): ApprovalRecord | undefined {
  if (!options?.approval?.required) return undefined
  const approvers = options.approval.approvers ?? templateApprovers
  return { required: true, state: 'PENDING', ...(approvers && { approvers: [...approvers] }) }
}

/** What holds a request back at this instant: first the decision, then the window; `message` says what for and until when. */
export function waits(options: RequestOptions | undefined, approval: ApprovalRecord | undefined, at: Date): Waits {
  const decision = approval && { approval }
  if (approval?.state === 'PENDING') {
    const by = approval.approvers ? ` by ${approval.approvers.join(' or ')}` : ''
    return { ...decision, message: `waiting for approval${by}` }
  }
  const window = options?.maintenanceWindow
  const opens = window && openingOf(window, at)
  if (!opens || opens <= at) return { ...decision, message: FOR_A_WORKER }
  const notBefore = opens.toISOString()
  return { ...decision, notBefore, message: `waiting for the maintenance window until ${notBefore}` }
}

/** True while no worker may start this request: it waits for a decision, or for its window. A cancel is no start. */
export function isHeld(record: ProvisioningRecord, at: Date): boolean {
  if (record.phase !== 'PENDING' || record.cancelRequested) return false
  return record.approval?.state === 'PENDING' || (record.notBefore !== undefined && new Date(record.notBefore) > at)
}

/** When a job is wanted for this record: true, now; a time in milliseconds, then; false, never, until it is changed. */
export function wishOf(record: ProvisioningRecord): boolean | number {
  if (record.phase === 'FULFILLED' || record.phase === 'FAILED') return false
  if (record.phase !== 'PENDING' || record.cancelRequested) return true
  if (record.approval?.state === 'PENDING') return false
  return record.notBefore === undefined ? true : Date.parse(record.notBefore)
}
