import { Gauge, type Registry } from 'prom-client'

/** What stands in the store, for all processes together: each of them tells the same. */
export interface ServiceState {
  /** Provisioning requests by phase. */
  requests: Readonly<Record<string, number>>
  queues: readonly {
    queue: string
    /** Jobs by state. */
    jobs: Readonly<Record<string, number>>
    /** How long the job that has waited longest does; 0 when none waits. */
    oldestSeconds: number
  }[]
  /** How long the oldest change waits that some subscriber has not taken; 0 when none does. */
  oldestNotificationSeconds: number
  oClouds: { reachable: number; away: number }
  /** The first of them, one by one, by id. */
  reachability: ReadonlyMap<string, boolean>
}

/** What was read is told for so long, however many ask. */
const EVERY_MS = 1000

/** Gauges of the state. `refresh` never rejects: while the store is away they have no value, and `o2ims_store_up` is 0. */
export function createStateGauges(registry: Registry, read: () => Promise<ServiceState>): { refresh(): Promise<void> } {
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge<L>({ name, help, labelNames, registers: [registry] })
  const up = gauge('o2ims_store_up', 'Whether Redis has answered what is asked for these metrics.')
  const requests = gauge('o2ims_provisioning_requests', 'Provisioning requests by phase.', 'phase')
  const jobs = gauge('o2ims_queue_jobs', 'Jobs of the queues by state.', 'queue', 'state')
  const oldestJob = gauge('o2ims_queue_oldest_seconds', 'How long the longest waiting job has waited.', 'queue')
  const oldestNotification = gauge(
    'o2ims_notifications_oldest_seconds',
    'Age of the oldest change that some subscriber has not taken.',
  )
  const oClouds = gauge(
    'o2ims_oclouds',
    'O-Clouds whose inventory is kept, by whether they can be reached.',
    'reachable',
  )
  const reachability = gauge('o2ims_ocloud_reachable', 'Whether an O-Cloud can be reached: the first 100.', 'ocloud_id')
  const told = [requests, jobs, oldestJob, oldestNotification, oClouds, reachability]

  function tell(state: ServiceState): void {
    for (const one of told) one.reset()
    up.set(1)
    for (const [phase, count] of Object.entries(state.requests)) requests.set({ phase }, count)
    for (const { queue, jobs: byState, oldestSeconds } of state.queues) {
      for (const [name, count] of Object.entries(byState)) jobs.set({ queue, state: name }, count)
      oldestJob.set({ queue }, oldestSeconds)
    }
    oldestNotification.set(state.oldestNotificationSeconds)
    oClouds.set({ reachable: 'true' }, state.oClouds.reachable)
    oClouds.set({ reachable: 'false' }, state.oClouds.away)
    for (const [ocloud_id, reachable] of state.reachability) reachability.set({ ocloud_id }, reachable ? 1 : 0)
  }

  function tellNothing(): void {
    for (const one of told) one.reset()
    oldestNotification.remove()
    up.set(0)
  }

  let reading: Promise<void> | undefined
  async function readOnce(): Promise<void> {
    await read().then(tell, tellNothing)
    setTimeout(() => {
      reading = undefined
    }, EVERY_MS).unref()
  }

  return {
    refresh() {
      reading ??= readOnce()
      return reading
    },
  }
}
