import { createReachability } from './inventory/reachability.ts'
import { countPhases } from './provisioning/phase-counts.ts'
import type { Requests } from './provisioning/requests.ts'
import type { Queues } from './queue/queues.ts'
import type { Store } from './store/store.ts'
import { oldestUntaken } from './subscriptions/oldest-untaken.ts'
import type { ServiceState } from './telemetry/state-gauges.ts'

/** Reads what all processes share and metrics tell of, by counters and indexes alone. Rejects when the store is away. */
export function createServiceState(parts: {
  store: Pick<Store, 'collection' | 'outbox'>
  requests: Pick<Requests, 'collection'>
  queues: Pick<Queues, 'depths'>
}): () => Promise<ServiceState> {
  const reachability = createReachability(parts.store)
  return async () => {
    const [requests, queues, oldestNotificationSeconds, oClouds] = await Promise.all([
      countPhases(parts.requests.collection),
      parts.queues.depths(),
      oldestUntaken(parts.store.outbox),
      reachability(),
    ])
    return { requests, queues, oldestNotificationSeconds, ...oClouds }
  }
}
