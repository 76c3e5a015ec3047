import type { Outbox } from '../store/outbox-types.ts'
import { kept } from './dead-letter-range.ts'
import type { Delivery, SubscriptionRecord } from './record.ts'
import { withoutPause } from './retry-rules.ts'

/** How a subscription fares, for people and monitors. */
export interface Health {
  /** After a failure RETRYING while something waits for another attempt, GIVEN_UP when nothing does. */
  state: 'OK' | 'RETRYING' | 'GIVEN_UP'
  consecutiveFailures: number
  failingSince?: string
  lastSuccessAt?: string
  lastFailure?: { at: string; reason: string }
  nextAttemptAt?: string
  lag: { changes: number; oldestAt?: string }
  deadLetters: { kept: number; lost: number }
  replaying: boolean
}

export interface LaneLag {
  /** Changes of all kinds that were written and that the lane has not passed. */
  changes: number
  /** When the oldest of them was written. */
  oldestAt?: string
}

export function healthOf({ delivery, deadLetters, replayTo }: SubscriptionRecord, lag: LaneLag): Health {
  const replaying = replayTo !== undefined
  const state = stateOf(delivery, lag.changes > 0 || replaying)
  return {
    state,
    ...(state === 'RETRYING' ? delivery : withoutPause(delivery)),
    lag,
    deadLetters: { kept: kept(deadLetters), lost: deadLetters.lost },
    replaying,
  }
}

function stateOf({ consecutiveFailures }: Delivery, waits: boolean): Health['state'] {
  if (consecutiveFailures === 0) return 'OK'
  return waits ? 'RETRYING' : 'GIVEN_UP'
}

/** How far behind each of these lanes is. */
export async function lagsOf(outbox: Outbox, ids: readonly string[]): Promise<Map<string, LaneLag>> {
  // The newest after the lanes: none is ahead of it.
  const lanes = await outbox.lanes()
  const newest = await outbox.newest()
  const lags = ids.map(async (id): Promise<[string, LaneLag]> => {
    const position = lanes.get(id) ?? newest
    if (position >= newest) return [id, { changes: 0 }]
    const [oldest] = (await outbox.read(position, 1)).entries
    return [id, { changes: newest - position, ...(oldest && { oldestAt: new Date(oldest.at).toISOString() }) }]
  })
  return new Map(await Promise.all(lags))
}
