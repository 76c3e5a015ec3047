import type { Outbox } from '../store/outbox-types.ts'

/** Seconds since the oldest change that some subscriber has not taken; 0 when all have everything. */
export async function oldestUntaken(outbox: Pick<Outbox, 'lanes' | 'read'>): Promise<number> {
  const positions = [...(await outbox.lanes()).values()]
  if (positions.length === 0) return 0
  const { entries } = await outbox.read(Math.min(...positions), 1)
  const [oldest] = entries
  return oldest ? Math.max(0, Date.now() - oldest.at) / 1000 : 0
}
