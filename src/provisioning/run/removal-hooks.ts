import type { Logger } from 'pino'
import { type Clock, hasMade, retiredChanged, stepChanged } from '../lifecycle.ts'
import type { Made, StepRecord } from '../record.ts'
import type { Undone } from '../steps/step.ts'
import type { RunRecord } from './run-record.ts'

export interface RemovalHookParts {
  run: RunRecord
  log: Logger
  clock: Clock
  undo: (step: StepRecord) => Promise<Undone>
}

const USES = 'removal-hook'
/** A hook that failed so often holds up the removal no longer. */
const MOST_FAILURES = 3

/**
 * Runs the hooks that these steps owe, in the template's order, each with its own time limit, before anything is removed. One that fails holds up the removal, which is tried again later;
 * after the third failure it is given up, said in the log and in the step's message. An O-Cloud that is away is no failure: there nothing can be removed either. Resolves with what
 * holds up the removal.
 */
export async function runRemovalHooks(steps: readonly StepRecord[], parts: RemovalHookParts): Promise<Undone['left']> {
  const held: Undone['left'] = []
  for (const step of steps.filter((one) => one.uses === USES && hasMade(one))) {
    const { left, away = false } = await parts.undo(step)
    const [first] = left
    const failures = failuresOf(step) + (first && !away ? 1 : 0)
    const over = first === undefined || failures >= MOST_FAILURES
    await write(step, { first, failures, over }, parts)
    if (first && over) parts.log.warn({ step: step.name, cause: first.reason, failures }, 'a hook is given up')
    if (first && !over) held.push({ ...first, reason: `${step.name}: ${first.reason}` })
  }
  return held
}

const failuresOf = ({ made }: StepRecord): number =>
  typeof made?.notes.failures === 'number' ? made.notes.failures : 0

interface Outcome {
  first: Undone['left'][number] | undefined
  failures: number
  /** It is not run again. */
  over: boolean
}

async function write(step: StepRecord, { first, failures, over }: Outcome, { run, clock }: RemovalHookParts) {
  const made = step.made ?? { objects: [], outputs: {}, notes: {} }
  const { beforeRemoval, ...notes } = made.notes
  const next: Made = { ...made, notes: { ...notes, failures, ...(!over && beforeRemoval && { beforeRemoval }) } }
  const state = first ? ('FAILED' as const) : ('UNDONE' as const)
  const givenUp = over ? `; it failed ${failures} times and holds up the removal no longer` : ''
  const message = first ? `${first.reason}${givenUp}` : 'has run'
  await run.write((record) =>
    step.retiredKey === undefined
      ? stepChanged(record, step.name, { state, made: next, message, inputsHash: null }, clock)
      : retiredChanged(record, step.retiredKey, next),
  )
}
