import { messageOf, ServiceError } from '../../errors.ts'
import type { Store } from '../../store/store.ts'
import { ended } from '../lifecycle.ts'
import type { FulfilledGeneration, ProvisioningRecord } from '../record.ts'
import { type RollbackEnd, rollbackEnded, rollbackStarted, rollbackTarget } from '../rollback.ts'
import type { TemplateCatalogue } from '../templates/catalogue-types.ts'
import { mergeSecrets } from '../templates/parameters.ts'
import type { Template } from '../templates/template.ts'
import { abortAt, interruptionOf } from './interruption.ts'
import { runEachStep, StepFailure } from './pipeline.ts'
import type { RunRecord } from './run-record.ts'
import { openSecrets } from './secrets.ts'
import { type UnwindParts, undoWanted, unwindFailure, unwindRetired } from './unwind.ts'

export interface EndParts extends UnwindParts {
  catalogue: Pick<TemplateCatalogue, 'find'>
  store: Store
}

/**
 * The way of a request that has failed: what its generation made is undone, what was FULFILLED before is applied again when that is wanted, and it ends FAILED. Goes on where
 * it was after a death. Rejects only when the run itself is interrupted.
 */
export async function endFailed(parts: EndParts): Promise<void> {
  const { run, clock } = parts
  // A rollback makes objects in the failed generation's name: an undo after it has begun would take them away.
  if (!run.current.rollback) await unwindFailure(parts)
  const target = rollbackTarget(run.current)
  const end = target && (await rollBack(target, parts))
  await run.write(
    (record) => {
      if (!target || !end) return ended(record, clock)
      const rolledBack = rollbackEnded(record, target, end)
      return ended(rolledBack.record, clock, rolledBack.standing)
    },
    { wish: false },
  )
}

/** Applies that generation's template and parameters once more, and removes what it did not have; with the time limit of an undo, which counts from its beginning. */
async function rollBack(target: FulfilledGeneration, parts: EndParts): Promise<RollbackEnd> {
  const { run, clock, undoTimeoutMs, catalogue } = parts
  const found = await catalogue.find(target.data.templateName, target.data.templateVersion).catch(unlessRetryable)
  if (found instanceof ServiceError) return failed(found.message, target, parts)
  if (!run.current.rollback) await run.write((record) => rollbackStarted(record, target, found, undoTimeoutMs, clock))
  const until = run.current.deadline ? new Date(run.current.deadline) : clock()
  const limit = abortAt(until, `not done within ${undoTimeoutMs / 1000} s`)
  const signal = AbortSignal.any([parts.signal, limit.signal])
  try {
    return await applyAgain(target, found, { ...parts, signal }, until)
  } catch (error) {
    const cause = error instanceof StepFailure ? error.cause : error
    const interruption = interruptionOf(cause, signal)
    if (interruption && interruption.kind !== 'deadline') throw interruption
    const words = [interruption?.message, cause === interruption ? undefined : messageOf(cause)]
    const step = error instanceof StepFailure ? `${error.step}: ` : ''
    return failed(step + words.filter(Boolean).join('; '), target, parts)
  } finally {
    limit.clear()
  }
}

/** A store that is away is tried again, as any run; anything else is why there can be no rollback. */
function unlessRetryable(error: unknown): ServiceError {
  if (error instanceof ServiceError && !error.retryable) return error
  throw error
}

function failed(words: string, { generation }: FulfilledGeneration, { redact, log }: EndParts): RollbackEnd {
  const cause = redact(words)
  log.warn({ to: generation, cause }, 'a rollback failed')
  return { failed: cause }
}

async function applyAgain(
  target: FulfilledGeneration,
  template: Template,
  parts: EndParts,
  until: Date,
): Promise<RollbackEnd> {
  const { run, store, signal } = parts
  const { reference, options } = run.current
  const secrets = openSecrets({ reference, sealed: target.sealed }, store)
  await runEachStep({
    ...parts,
    run: asItWas(run, target),
    template,
    parameters: mergeSecrets(target.parameters, secrets),
    fingerprint: store.secrets.fingerprint,
    undoing: signal,
  })
  await run.settle()
  // A cluster that was to be kept stays, though nothing of the old generation stands on it.
  const rest = { ...parts, undoTimeoutMs: Math.max(0, until.getTime() - Date.now()) }
  return { left: await unwindRetired(rest, (step) => undoWanted(step, options)) }
}

/** The run, with what that generation asked for in place of what the failed one does. Its writes are those of the run. */
function asItWas(run: RunRecord, target: FulfilledGeneration): RunRecord {
  const { data, options, sealed, sentHash, parameters, oCloudIds, simulated, result } = target
  const content = { data, options, sealed, sentHash, parameters, oCloudIds, simulated, result, force: undefined }
  return {
    get current(): ProvisioningRecord {
      return { ...run.current, ...content }
    },
    write: run.write,
    carry: run.carry,
    settle: run.settle,
    refresh: run.refresh,
    remove: run.remove,
  }
}
