import type { ProvisioningPhase, ProvisioningRecord } from './record.ts'

/** A phase in the words of clients that were written for other servers. */
interface Words {
  /** `.status.state` of one request. */
  state: 'Pending' | 'InProgress' | 'Processing' | 'Ready' | 'Failed'
  /** `.status.phase`, as o2imsctl reads it. */
  phase: 'Pending' | 'Processing' | 'Ready' | 'Failed'
  /** In the list of all. */
  status: 'PENDING' | 'PROVISIONING' | 'READY' | 'FAILED' | 'DELETING'
}

const WORDS: Record<ProvisioningPhase, Words> = {
  PENDING: { state: 'Pending', phase: 'Pending', status: 'PENDING' },
  PROGRESSING: { state: 'InProgress', phase: 'Processing', status: 'PROVISIONING' },
  FULFILLED: { state: 'Ready', phase: 'Ready', status: 'READY' },
  FAILED: { state: 'Failed', phase: 'Failed', status: 'FAILED' },
  DELETING: { state: 'Processing', phase: 'Processing', status: 'DELETING' },
}

export const wordsFor = ({ phase }: Pick<ProvisioningRecord, 'phase'>): Words => WORDS[phase]
