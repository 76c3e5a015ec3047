import type { Followed } from '../client/events.ts'
import type { Phase, WireRequest, WireStep } from '../client/wire.ts'

/** What the command line knows of a request while it follows it. */
export interface Progress {
  id: string
  name: string
  template: string
  simulated: boolean
  generation: number
  percent: number
  phase: Phase
  message: string
  steps: WireStep[]
  connected: boolean
  /** An event of a newer generation came: its steps are known only after another GET. */
  stale: boolean
}

const OVER = new Set(['SUCCEEDED', 'FAILED', 'SKIPPED', 'UNDONE'])

/** The state that a whole representation tells. */
export function progressOf(request: WireRequest): Progress {
  const { provisioningRequestData: data, progress, status } = request
  return {
    id: data.provisioningRequestId,
    name: data.name,
    template: `${data.templateName} ${data.templateVersion}`,
    simulated: progress.simulated,
    generation: progress.generation,
    percent: progress.percent,
    phase: status.provisioningPhase,
    message: status.message,
    steps: progress.steps,
    connected: true,
    stale: false,
  }
}

/** The state after an event. Pure; an event of an older generation changes nothing. */
export function advance(progress: Progress, followed: Followed): Progress {
  switch (followed.event) {
    case 'lost':
      return { ...progress, connected: false }
    case 'back':
      return { ...progress, connected: true }
    case 'snapshot':
      return progressOf(followed.data)
    case 'end':
      return followed.data.provisioningPhase ? { ...progress, phase: followed.data.provisioningPhase } : progress
  }
  const { generation, message, at } = followed.data
  if (generation < progress.generation) return progress
  if (generation > progress.generation) return { ...progress, generation, stale: true }
  if (followed.event === 'phase') {
    const { provisioningPhase: phase } = followed.data
    return { ...progress, phase, message, percent: phase === 'FULFILLED' ? 100 : progress.percent }
  }
  const { step, state, percent } = followed.data
  const steps = progress.steps.map((each) => (each.name === step ? moved(each, state, message, at) : each))
  return { ...progress, percent, steps, message: message === '' ? progress.message : `${step}: ${message}` }
}

function moved(step: WireStep, state: string, message: string, at: string): WireStep {
  const next: WireStep = { ...step, state, message }
  if (state === 'RUNNING' && step.state !== 'RUNNING') return { ...next, startedAt: at, finishedAt: undefined }
  if (OVER.has(state) && !OVER.has(step.state)) return { ...next, startedAt: step.startedAt ?? at, finishedAt: at }
  return next
}

/** Milliseconds that a step took, or takes until `now`; undefined when it has not started. */
export function elapsed(step: WireStep, now: number): number | undefined {
  if (step.state === 'PENDING' || step.startedAt === undefined) return undefined
  if (step.durationMs !== undefined && OVER.has(step.state)) return step.durationMs
  const until = step.finishedAt === undefined ? now : Date.parse(step.finishedAt)
  return Math.max(0, until - Date.parse(step.startedAt))
}
