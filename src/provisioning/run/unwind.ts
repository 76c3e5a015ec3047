import type { Logger } from 'pino'
import { ServiceError } from '../../errors.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { type Clock, hasMade, retiredChanged, stepChanged } from '../lifecycle.ts'
import type { FailureRecord, Made, RequestOptions, StepRecord } from '../record.ts'
import { keyOf, nameOf } from '../steps/object-order.ts'
import type { Step, Undone } from '../steps/step.ts'
import { interruptionOf } from './interruption.ts'
import { observeStep } from './observe.ts'
import { runRemovalHooks } from './removal-hooks.ts'
import { fenceOf, type RunRecord } from './run-record.ts'
import { createStepContext, type StepPorts } from './step-context.ts'
import { CLUSTER_STEP, undoInTurns } from './undo-turns.ts'

export interface UnwindParts {
  run: RunRecord
  steps: ReadonlyMap<string, Step>
  ports: StepPorts
  redact: (text: string) => string
  /** Aborted at shutdown and when fenced; the deadline of the request does not count here. */
  signal: AbortSignal
  undoTimeoutMs: number
  metrics?: Pick<Metrics, 'stepEnded'> | undefined
  log: Logger
  clock: Clock
}

/** After a failure: undoes in reverse order what this generation made, as far as the options want it. */
export async function unwindFailure(parts: UnwindParts): Promise<void> {
  const { generation, options } = parts.run.current
  const steps = inUndoOrder(parts.run.current.steps).filter(
    (step) => step.state === 'RUNNING' || step.state === 'UNDOING' || madeInGeneration(step, generation),
  )
  for (const step of steps) if (!undoWanted(step, options)) await keepStep(step, parts)
  await undoInTurns(
    steps.filter((step) => undoWanted(step, options)),
    {
      ...turnsOf(parts),
      undo: (step, signal) => unwindStep(step, 'generation', { ...parts, signal }),
      settle: (step, result) => settleFailedStep(step, result, parts),
    },
  )
}

/** One time limit for all of an undo, UNDO_TIMEOUT. */
const turnsOf = ({ ports, signal, undoTimeoutMs, log }: UnwindParts) => ({
  limitMs: undoTimeoutMs,
  signal,
  ask: async (oCloudId: string, signal: AbortSignal) => (await ports.oClouds.open(oCloudId)).version({ signal }),
  log,
})

/** Newest first, but clusters before all: what stands on a cluster that goes needs no undo of its own, which a broken cluster could not do. */
function inUndoOrder(steps: readonly StepRecord[]): StepRecord[] {
  const reversed = [...steps].reverse()
  return [
    ...reversed.filter((step) => step.uses === CLUSTER_STEP),
    ...reversed.filter((step) => step.uses !== CLUSTER_STEP),
  ]
}

/** The O-Clouds that this request made and that are gone again: their steps have nothing left. */
function goneClusters({ steps, retired }: RunRecord['current']): Set<string | undefined> {
  const gone = [...retired, ...steps].filter((step) => step.uses === CLUSTER_STEP && step.made && !hasMade(step))
  return new Set(gone.map((step) => step.made?.oCloudId))
}

const madeInGeneration = (step: StepRecord, generation: number): boolean =>
  step.state !== 'UNDONE' && (step.made?.objects.some((object) => object.madeIn === generation) ?? false)

/** Cluster steps follow `deleteClusterOnFailure` when it was sent, everything else `cleanupOnFailure` (default true). */
export function undoWanted(step: StepRecord, options: RequestOptions = {}): boolean {
  const cleanup = options.cleanupOnFailure ?? true
  return step.uses === CLUSTER_STEP ? (options.deleteClusterOnFailure ?? cleanup) : cleanup
}

const isFailing = (record: RunRecord['current'], step: StepRecord): boolean => record.error?.step === step.name

async function keepStep(step: StepRecord, { run, clock }: UnwindParts): Promise<void> {
  const { generation } = run.current
  const kept = (step.made?.objects ?? []).filter((object) => object.madeIn === generation && !object.intended)
  await run.write((record) => {
    const left = kept.map((object) => ({ ...object, reason: 'cleaning up is off' }))
    const noted = noteUndone(record, { undone: [], left }, false)
    if (!isFailing(record, step)) return { record: noted, events: [] }
    const message = record.error?.cause ?? 'failed'
    return stepChanged(noted, step.name, { state: 'FAILED', message, inputsHash: null }, clock)
  })
}

async function settleFailedStep(step: StepRecord, result: Undone, { run, clock }: UnwindParts): Promise<void> {
  await run.write((record) => {
    const state = result.left.length > 0 ? 'FAILED' : 'UNDONE'
    const message =
      result.left.length > 0
        ? `could not be undone: ${result.left[0]?.reason}`
        : (isFailing(record, step) && record.error?.cause) || `undone${keptWords(result)}`
    return stepChanged(
      noteUndone(record, result, true),
      step.name,
      { state, message, made: remaining(step, result, record), inputsHash: null },
      clock,
    )
  })
}

function noteUndone(record: RunRecord['current'], { undone, left }: Undone, cleanup: boolean): RunRecord['current'] {
  if (!record.error) return record
  const error: FailureRecord = {
    ...record.error,
    undone: [...record.error.undone, ...undone],
    left: [...record.error.left, ...left],
  }
  if (cleanup && left.length > 0)
    Object.assign(error, { code: 'CLEANUP_FAILED', exitCode: 8, firstCode: error.firstCode ?? error.code })
  return { ...record, error }
}

/**
 * What still stands after an undo: what was not touched, and what could not be removed. What was intended only has been looked for by now, and with a cluster goes what was
 * only used there.
 */
function remaining(step: StepRecord, { undone, left }: Undone, record: RunRecord['current']): Made {
  const made = step.made ?? { objects: [], outputs: {}, notes: {} }
  const gone = new Set(undone.map(keyOf))
  const staying = new Set(left.map(keyOf))
  const clusters = goneClusters(record)
  const onGone = ({ oCloudId = made.oCloudId }: Made['objects'][number]) =>
    oCloudId !== undefined && clusters.has(oCloudId)
  const stands = (object: Made['objects'][number]) =>
    !gone.has(keyOf(object)) && !onGone(object) && (!object.intended || staying.has(keyOf(object)))
  return { ...made, objects: made.objects.filter(stands) }
}

/** Undoes one step and says what could and could not be removed. Rejects only when the run itself is interrupted (shutdown, fenced). */
export async function unwindStep(step: StepRecord, scope: 'generation' | 'all', parts: UnwindParts): Promise<Undone> {
  const { run, clock, signal, log } = parts
  const made = step.made
  if (!made || !hasMade(step)) return { undone: [], left: [] }
  const inScope = made.objects.filter(({ madeIn }) =>
    scope === 'all' ? madeIn !== undefined : madeIn === run.current.generation,
  )
  const gone = goneClusters(run.current)
  const elsewhere = made.objects.some(({ oCloudId }) => oCloudId !== undefined && !gone.has(oCloudId))
  if (made.oCloudId !== undefined && gone.has(made.oCloudId) && !elsewhere) return { undone: inScope, left: [] }
  const implementation = parts.steps.get(step.uses)
  if (!implementation) throw new ServiceError('INTERNAL', `no step of this service is called ${step.uses}`)
  if (step.retiredKey === undefined) {
    const undoing = { state: 'UNDOING', message: 'removing', inputsHash: null } as const
    await run.write((record) => stepChanged(record, step.name, undoing, clock))
  }
  const context = createStepContext({
    ports: parts.ports,
    record: () => run.current,
    step: step.name,
    signal,
    log,
    progress: () => undefined,
    checkpoint: async () => undefined,
    fence: fenceOf(run, signal),
  })
  try {
    const undo = () => implementation.undo(made, scope, context)
    const resultOf = ({ left }: Undone) => (left.length > 0 ? 'failed' : 'succeeded')
    const result = await observeStep({ name: step.name, uses: step.uses, action: 'undo' }, parts, undo, resultOf)
    if (result.kept?.length) log.info({ step: step.name, kept: result.kept.map(nameOf) }, 'left to others who use it')
    return {
      ...result,
      left: result.left.map((object) => ({ ...object, reason: parts.redact(object.reason) })),
      kept: result.kept?.map((object) => ({ ...object, reason: parts.redact(object.reason) })),
    }
  } catch (error) {
    const interruption = interruptionOf(error, signal)
    if (interruption && interruption.kind !== 'deadline') throw interruption
    const reason = parts.redact(interruption?.message ?? (error instanceof Error ? error.message : String(error)))
    log.warn({ step: step.name, cause: reason }, 'an undo failed')
    return { undone: [], left: inScope.map((object) => ({ ...object, reason })) }
  }
}

/** Without the time limit of the undo: each has its own. */
const hooksBefore = (steps: readonly StepRecord[], parts: UnwindParts): Promise<Undone['left']> =>
  runRemovalHooks(steps, { ...parts, undo: (step) => unwindStep(step, 'all', parts) })

/** Undoes what was set aside, as far as it is wanted, and forgets what is gone. Resolves with what is left. */
export async function unwindRetired(
  parts: UnwindParts,
  wanted: (step: StepRecord) => boolean = () => true,
): Promise<Undone['left']> {
  const { run } = parts
  const held = await hooksBefore(run.current.retired.filter(wanted), parts)
  if (held.length > 0) return held
  const left: Undone['left'] = []
  await undoInTurns(inUndoOrder(run.current.retired.filter(wanted)), {
    ...turnsOf(parts),
    undo: (step, signal) => unwindStep(step, 'all', { ...parts, signal }),
    async settle(step, result) {
      left.push(...result.left)
      await run.write((record) => retiredChanged(record, step.retiredKey, remaining(step, result, record)))
    },
  })
  // The end of the request follows at once.
  run.carry((record) => ({ record: { ...record, retired: record.retired.filter(hasMade) }, events: [] }))
  return left
}

/** What came of a DELETE. */
export interface Unwound {
  /** A sentence for each step of which something is left; empty: nothing is. */
  left: string[]
  /** What is shared and was left to others. */
  kept: NonNullable<Undone['kept']>
}

/** DELETE: undoes everything, newest step first. */
export async function unwindAll(parts: UnwindParts): Promise<Unwound> {
  const { run, clock } = parts
  const held = await hooksBefore([...run.current.retired, ...run.current.steps], parts)
  if (held.length > 0) return { left: held.map(({ reason }) => reason), kept: [] }
  const unwound: Unwound = { left: [], kept: [] }
  await undoInTurns(inUndoOrder([...run.current.retired, ...run.current.steps].filter(hasMade)), {
    ...turnsOf(parts),
    undo: (step, signal) => unwindStep(step, 'all', { ...parts, signal }),
    async settle(step, result) {
      const made = remaining(step, result, run.current)
      const done = result.left.length === 0
      const message = done ? `removed${keptWords(result)}` : `could not be removed: ${result.left[0]?.reason}`
      const state = done ? ('UNDONE' as const) : ('FAILED' as const)
      await run.write((record) =>
        step.retiredKey === undefined
          ? stepChanged(record, step.name, { state, made, message, inputsHash: null }, clock)
          : retiredChanged(record, step.retiredKey, made),
      )
      if (!done) unwound.left.push(`${step.name}: ${message}`)
      unwound.kept.push(...(result.kept ?? []))
    },
  })
  return unwound
}

function keptWords({ kept = [] }: Undone): string {
  const [first] = kept
  if (first === undefined) return ''
  return `; left to others: ${kept.map(nameOf).join(', ')} (${first.reason})`
}
