import type { Logger } from 'pino'
import type { OCloudRegistry } from '../../clusters/registry-types.ts'
import { ServiceError } from '../../errors.ts'
import type { StepRecord } from '../record.ts'
import type { Undone } from '../steps/step.ts'
import { abortAt } from './interruption.ts'

export interface UndoTurns {
  /** Of all of it together (UNDO_TIMEOUT). */
  limitMs: number
  signal: AbortSignal
  oClouds: Pick<OCloudRegistry, 'open'>
  log: Logger
  undo(step: StepRecord, signal: AbortSignal): Promise<Undone>
  /** Writes down what came of a step; nothing is tried again after it. */
  settle(step: StepRecord, result: Undone): Promise<void>
}

export const CLUSTER_STEP = 'kind-cluster'
const ANSWER_WITHIN_MS = 5_000

/**
 * Undoes steps in their order and within one time limit, so that an O-Cloud that is away does not keep the others from being cleaned: its steps wait until all others had their turn, and
 * get what time is left. A step takes at most half of that while others wait. On one O-Cloud the order always holds.
 */
export async function undoInTurns(steps: readonly StepRecord[], turns: UndoTurns): Promise<void> {
  const until = performance.now() + turns.limitMs
  const postponed = await takeTurn(steps, { until, last: false }, turns)
  await takeTurn(postponed, { until, last: true }, turns)
}

/** Answers the steps that shall have another turn. */
async function takeTurn(
  steps: readonly StepRecord[],
  { until, last }: { until: number; last: boolean },
  turns: UndoTurns,
): Promise<StepRecord[]> {
  const late = new Set<string>()
  const again: StepRecord[] = []
  for (const [index, step] of steps.entries()) {
    const places = placesOf(step)
    if (!last) for (const place of await awayOf(places, late, turns)) late.add(place)
    const isLate = places.some((place) => late.has(place))
    if (isLate && !last) {
      turns.log.info({ step: step.name }, 'its undo waits for the others: an O-Cloud does not answer')
      again.push(step)
      continue
    }
    const left = Math.max(0, until - performance.now())
    const othersWait = [...again, ...steps.slice(index + 1)].some((other) => `${placesOf(other)}` !== `${places}`)
    const { result, cut } = await undoWithin(isLate ? 0 : othersWait ? left / 2 : left, step, turns)
    if (cut) {
      const away = await awayOf(places, late, turns)
      for (const place of away.length > 0 ? away : places) late.add(place)
    }
    // What is left may be held by a step that was put off.
    const unfinished = result.left.length > 0 && (cut || again.length > 0)
    if (unfinished && !last && performance.now() < until) again.push(step)
    else await turns.settle(step, result)
  }
  return again
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

/** The O-Clouds that an undo acts on. Not that of a cluster which is to go: it need not answer. */
function placesOf({ uses, made }: StepRecord): string[] {
  if (uses === CLUSTER_STEP || made === undefined) return []
  const places = [made.oCloudId, ...made.objects.map(({ oCloudId }) => oCloudId)]
  return [...new Set(places.filter((place) => place !== undefined))].sort()
}

async function awayOf(places: readonly string[], known: ReadonlySet<string>, turns: UndoTurns): Promise<string[]> {
  const away: string[] = []
  for (const place of places) if (known.has(place) || (await isAway(place, turns))) away.push(place)
  return away
}

async function isAway(oCloudId: string, { oClouds, signal }: UndoTurns): Promise<boolean> {
  const limit = AbortSignal.timeout(ANSWER_WITHIN_MS)
  try {
    const cluster = await oClouds.open(oCloudId)
    await cluster.version({ signal: AbortSignal.any([signal, limit]) })
    return false
  } catch (error) {
    signal.throwIfAborted()
    // Whatever else is wrong, the undo itself tells.
    return limit.aborted || (error instanceof ServiceError && error.retryable)
  }
}
