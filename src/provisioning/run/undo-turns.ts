import type { Logger } from 'pino'
import type { StepRecord } from '../record.ts'
import { isAway } from '../steps/limits.ts'
import { keyOf } from '../steps/object-order.ts'
import type { Undone } from '../steps/step.ts'
import { abortAt } from './interruption.ts'

export interface UndoTurns {
  /** Of all of it together (UNDO_TIMEOUT). */
  limitMs: number
  signal: AbortSignal
  /** Rejects with a retryable error when the O-Cloud is away. */
  ask(oCloudId: string, signal: AbortSignal): Promise<unknown>
  log: Logger
  undo(step: StepRecord, signal: AbortSignal): Promise<Undone>
  /** Writes down what came of a step; nothing is tried again after it. */
  settle(step: StepRecord, result: Undone): Promise<void>
}

export const CLUSTER_STEP = 'kind-cluster'

/**
 * Undoes steps in their order and within one time limit, so that an O-Cloud that is away does not keep the others from being cleaned: its steps wait until all others had their turn, and
 * get what time is left. A step takes at most half of that while others wait. On one O-Cloud the order always holds.
 */
export async function undoInTurns(steps: readonly StepRecord[], turns: UndoTurns): Promise<void> {
  const until = performance.now() + turns.limitMs
  const postponed = await firstTurn(steps, until, turns)
  for (const [index, { step, before }] of postponed.entries()) {
    const { result } = await undoWithin(shareOf(until, postponed.slice(index + 1)), step, turns)
    await turns.settle(step, before === undefined ? result : both(before, result))
  }
}

/** Shall have another turn; `before` is what came of the first one. */
interface Postponed {
  step: StepRecord
  before?: Undone
}

async function firstTurn(steps: readonly StepRecord[], until: number, turns: UndoTurns): Promise<Postponed[]> {
  const late = new Set<string>()
  const again: Postponed[] = []
  for (const [index, step] of steps.entries()) {
    const places = placesOf(step)
    const [place] = places
    if (place !== undefined && !late.has(place) && (await isAwayNow(place, turns))) late.add(place)
    if (place !== undefined && late.has(place)) {
      turns.log.info({ step: step.name, oCloudId: place }, 'its undo waits for the others: an O-Cloud is late')
      again.push({ step })
      continue
    }
    const waiting = [...again.map((postponed) => postponed.step), ...steps.slice(index + 1)]
    const others = waiting.filter((other) => `${placesOf(other)}` !== `${places}`)
    const { result, cut } = await undoWithin(shareOf(until, others), step, turns)
    if (cut) for (const one of await lateOnes(step, turns)) late.add(one)
    // What is left may be held by a step that was put off.
    const unfinished = result.left.length > 0 && (cut || again.length > 0)
    if (unfinished && performance.now() < until) again.push({ step, before: result })
    else await turns.settle(step, result)
  }
  return again
}

/** What is gone stays gone, also when there was no time to look at it again. */
function both(before: Undone, after: Undone): Undone {
  const gone = new Set(before.undone.map(keyOf))
  const more = after.undone.filter((object) => !gone.has(keyOf(object)))
  const left = after.left.filter((object) => !gone.has(keyOf(object)))
  return { undone: [...before.undone, ...more], left, kept: after.kept }
}

function shareOf(until: number, waiting: readonly unknown[]): number {
  const left = Math.max(0, until - performance.now())
  return waiting.length > 0 ? left / 2 : left
}

async function undoWithin(ms: number, step: StepRecord, { signal, undo }: UndoTurns) {
  const limit = abortAt(new Date(Date.now() + ms), `the undo took longer than ${Math.round(ms / 1000)} s`)
  try {
    const result = await undo(step, AbortSignal.any([signal, limit.signal]))
    return { result, cut: limit.signal.aborted && result.left.length > 0 }
  } finally {
    limit.clear()
  }
}

/** The O-Clouds that an undo acts on, that of the step first. Not that of a cluster which is to go: it need not answer. */
function placesOf({ uses, made }: StepRecord): string[] {
  if (uses === CLUSTER_STEP || made === undefined) return []
  const places = [made.oCloudId, ...made.objects.map(({ oCloudId }) => oCloudId)]
  return [...new Set(places.filter((place) => place !== undefined))]
}

/** Why the time of a step was over: the O-Clouds that do not answer; where all do, they are slow. */
async function lateOnes(step: StepRecord, turns: UndoTurns): Promise<string[]> {
  const places = placesOf(step)
  const away: string[] = []
  for (const place of places) if (await isAwayNow(place, turns)) away.push(place)
  return away.length > 0 ? away : places
}

const isAwayNow = (oCloudId: string, { ask, signal }: UndoTurns): Promise<boolean> =>
  isAway((limited) => ask(oCloudId, limited), signal)
