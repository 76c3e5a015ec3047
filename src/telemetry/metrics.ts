import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { createStateGauges, type ServiceState } from './state-gauges.ts'

/** Seconds. */
const ANSWERS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const STEPS = [0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600]
const CHILDREN = [0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 1800]
const LAGS = [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 1800, 3600, 86_400]

/** How often the delay of the event loop is taken: each time wakes the process. */
const EVERY_MS = 20

/** Methods that are counted by name; a client may invent others. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

type StepAction = 'plan' | 'apply' | 'undo'
type StepResult = 'succeeded' | 'skipped' | 'failed' | 'interrupted'
type AttemptResult = 'accepted' | 'refused' | 'failed'

/**
 * What this process counts. Every label is one of a few values that this service knows by itself: a pattern of a route, a kind of step, a code. Nothing that comes from
 * outside is a label.
 */
export interface Metrics {
  /** An HTTP request; `route` is the pattern of its path. */
  answered(request: { method: string; route: string; status: number }, seconds: number): void
  /** How many event streams are open is asked when somebody wants to know. */
  watchStreams(open: () => number): void
  /** What a step did. */
  stepEnded(step: { uses: string; action: StepAction; result: StepResult }, seconds: number): void
  /** A generation of a request has ended; `code` of its failure, '' when it has none. */
  requestEnded(end: { phase: string; code: string }, seconds: number): void
  childEnded(child: { tool: string; result: 'succeeded' | 'failed' | 'ended' }, seconds: number): void
  /** A notification was tried; the lag counts from the change, where that is known. */
  notificationTried(attempt: { api: string; result: AttemptResult }, lagSeconds: number | undefined): void
  notificationsGivenUp(api: string, count: number): void
  /** All of it, in the text format of Prometheus. */
  text(): Promise<string>
  readonly contentType: string
}

/** @param readState what stands in the store; when it rejects, only what this process counts by itself is told */
export function createMetrics(readState: () => Promise<ServiceState>): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVERY_MS })
  const state = createStateGauges(registry, readState)

  const histogram = <L extends string>(name: string, help: string, buckets: number[], ...labelNames: L[]) =>
    new Histogram<L>({ name, help, labelNames, buckets, registers })
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Counter<L>({ name, help, labelNames, registers })
  const requests = histogram(
    'o2ims_http_request_duration_seconds',
    'HTTP requests by the pattern of their path, until the answer was sent; an event stream until it ends.',
    ANSWERS,
    'method',
    'route',
    'status',
  )
  const steps = histogram(
    'o2ims_step_duration_seconds',
    'Steps of provisioning requests, tries again included.',
    STEPS,
    'uses',
    'action',
    'result',
  )
  const generations = histogram(
    'o2ims_provisioning_duration_seconds',
    'Provisioning requests from the first step to FULFILLED or FAILED.',
    STEPS,
    'phase',
    'code',
  )
  const children = histogram(
    'o2ims_child_process_duration_seconds',
    'Child processes by tool.',
    CHILDREN,
    'tool',
    'result',
  )
  const attempts = counter(
    'o2ims_notification_attempts_total',
    'Notifications that were sent to a subscriber, each try counted.',
    'api',
    'result',
  )
  const lags = histogram(
    'o2ims_notification_lag_seconds',
    'From a change to the moment when a subscriber has accepted its notification.',
    LAGS,
    'api',
  )
  const givenUp = counter('o2ims_notifications_given_up_total', 'Notifications that became dead letters.', 'api')

  return {
    answered: ({ method, route, status }, seconds) =>
      requests.observe({ method: METHODS.has(method) ? method : 'other', route, status }, seconds),
    watchStreams(open) {
      const streams: Gauge = new Gauge({
        name: 'o2ims_http_event_streams',
        help: 'Event streams that are open.',
        registers,
        collect() {
          streams.set(open())
        },
      })
    },
    stepEnded: (labels, seconds) => steps.observe(labels, seconds),
    requestEnded: (labels, seconds) => generations.observe(labels, seconds),
    childEnded: (labels, seconds) => children.observe(labels, seconds),
    notificationTried({ api, result }, lagSeconds) {
      attempts.inc({ api, result })
      if (result === 'accepted' && lagSeconds !== undefined) lags.observe({ api }, lagSeconds)
    },
    notificationsGivenUp: (api, count) => givenUp.inc({ api }, count),
    contentType: registry.contentType,
    async text() {
      await state.refresh()
      return registry.metrics()
    },
  }
}
