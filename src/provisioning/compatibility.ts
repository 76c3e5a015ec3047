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

const NAME = 'o2ims_provisioning_requests'

/** How many requests are in each phase, as Prometheus reads it. `truncated`: there are more than these. */
export function metricsText(records: readonly Pick<ProvisioningRecord, 'phase'>[], truncated = false): string {
  const lines = Object.keys(WORDS).map((phase) => {
    const count = records.filter((record) => record.phase === phase).length
    return `${NAME}{phase="${phase}"} ${count}`
  })
  const which = truncated ? `, of the oldest ${records.length}` : ''
  return `# HELP ${NAME} Provisioning requests by phase${which}.\n# TYPE ${NAME} gauge\n${lines.join('\n')}\n`
}
