import type { Collection } from '../store/store.ts'
import type { ProvisioningPhase, ProvisioningRecord } from './record.ts'

const PHASES: readonly ProvisioningPhase[] = ['PENDING', 'PROGRESSING', 'FULFILLED', 'FAILED', 'DELETING']
const ATTRIBUTE = 'provisioningPhase'

/** What requests are counted by, without reading any. */
export function indexesOf({ phase }: ProvisioningRecord): Record<string, string[]> {
  return { [ATTRIBUTE]: [phase] }
}

/** How many requests are in each phase. */
export async function countPhases(
  collection: Pick<Collection<ProvisioningRecord>, 'count'>,
): Promise<Record<string, number>> {
  const counts = PHASES.map(async (value) => [value, await collection.count({ attribute: ATTRIBUTE, value })] as const)
  return Object.fromEntries(await Promise.all(counts))
}
