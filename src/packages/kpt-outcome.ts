import { withMissingRight } from '../clusters/kubernetes/missing-right.ts'
import { ServiceError } from '../errors.ts'
import { type KptEvent, type KptObject, keyOfObject, nameOfObject } from '../tools/kpt-events.ts'
import { headOf } from '../tools/redact.ts'

/** An object, and why it is not as it shall be. */
export interface Trouble {
  object: KptObject
  why: string
}

/** What the event stream of one run has told. The exit code does not: it is 0 when everything was skipped (traps.md 4). */
export interface KptOutcome {
  applied: Map<string, KptObject>
  pruned: Map<string, KptObject>
  deleted: Map<string, KptObject>
  /** Ready, or gone where it was to go. */
  settled: Map<string, KptObject>
  /** Of another inventory, or of none. */
  foreign: Trouble[]
  failed: Trouble[]
  timedOut: Trouble[]
  /** The run as a whole. */
  errors: string[]
}

export interface KptTally extends KptOutcome {
  read(event: KptEvent): void
}

/** Collects what happened. `redact` takes secrets out of the server's words. */
export function createTally(redact: (text: string) => string): KptTally {
  const latest = new Map<string, string>()
  const outcome: KptOutcome = {
    applied: new Map(),
    pruned: new Map(),
    deleted: new Map(),
    settled: new Map(),
    foreign: [],
    failed: [],
    timedOut: [],
    errors: [],
  }
  const did = { apply: outcome.applied, prune: outcome.pruned, delete: outcome.deleted, wait: outcome.settled }

  return {
    ...outcome,
    read(event) {
      if (event.type === 'error') {
        outcome.errors.push(withMissingRight(headOf(redact(event.error), 1000)))
        return
      }
      const key = keyOfObject(event.object)
      if (event.type === 'status') {
        latest.set(key, redact(event.message))
        return
      }
      const { type, object, status } = event
      const why = withMissingRight(headOf(redact(event.error ?? latest.get(key) ?? ''), 1000))
      if (status === 'Successful') did[type].set(key, object)
      else if (status === 'Timeout') outcome.timedOut.push({ object, why })
      else if (status === 'Failed') outcome.failed.push({ object, why })
      else if (status === 'Skipped' && type === 'apply') {
        const list = why.includes('inventory policy prevented') ? outcome.foreign : outcome.failed
        list.push({ object, why })
      }
      // Pruning and deleting leave alone what has become somebody else's, or what an annotation keeps; waiting skips what was not applied.
    },
  }
}

const MOST_NAMED = 5
const CONNECTION_LOST =
  /connection refused|connection reset|no route to host|i\/o timeout|TLS handshake timeout|no such host|context deadline exceeded|unexpected EOF|server is currently unable|too many requests|etcdserver|Client\.Timeout|http2: client connection lost/i
const FIELD_CONFLICT = /Apply failed with \d+ conflict/

/**
 * The error of an apply, in the order of what matters: somebody else's objects, what the server refused, the run as a whole, what did not become ready. Undefined: all went well.
 * `owners` names whose the foreign objects are.
 */
export function applyFailure(
  outcome: KptOutcome,
  run: {
    exitCode: number
    lastWords: string
    wanted: readonly KptObject[]
    timeoutSeconds: number
    owners: ReadonlyMap<string, string>
  },
): ServiceError | undefined {
  const counted = `${outcome.applied.size} of ${run.wanted.length} objects applied`
  if (outcome.foreign.length > 0) {
    const each = outcome.foreign.map(
      ({ object }) => `${nameOfObject(object)} belongs to ${run.owners.get(keyOfObject(object)) ?? 'somebody else'}`,
    )
    return new ServiceError('CONFLICT', `${counted}, ${named(each)}`)
  }
  if (outcome.failed.length > 0) {
    const each = outcome.failed.map(({ object, why }) =>
      why.includes(object.name) ? why : `${nameOfObject(object)}: ${why || 'failed'}`,
    )
    const code = outcome.failed.every(({ why }) => FIELD_CONFLICT.test(why)) ? 'CONFLICT' : 'APPLY_FAILED'
    return outcome.failed.every(({ why }) => CONNECTION_LOST.test(why))
      ? new ServiceError('UNAVAILABLE', `${counted}, ${named(each)}`, { retryable: true })
      : new ServiceError(code, `${counted}, ${named(each)}`)
  }
  const missing = run.wanted.filter((object) => !outcome.applied.has(keyOfObject(object)))
  const stopped =
    outcome.errors.length > 0 || missing.length > 0 || (run.exitCode !== 0 && outcome.timedOut.length === 0)
  if (stopped) return wholeFailure(outcome, run, `${counted}, `)
  if (outcome.timedOut.length > 0) {
    const each = outcome.timedOut.map(({ object, why }) => `${nameOfObject(object)}${why && `: ${why}`}`)
    return new ServiceError('TIMEOUT', `after ${run.timeoutSeconds} s not ready: ${named(each)}`)
  }
  return undefined
}

/** The error of a run that ended as a whole. */
export function wholeFailure(
  outcome: KptOutcome,
  run: { exitCode: number; lastWords: string },
  prefix = '',
): ServiceError {
  const words = outcome.errors.at(-1) ?? withMissingRight(lastSentence(run.lastWords))
  const lost = CONNECTION_LOST.test(words) || CONNECTION_LOST.test(run.lastWords)
  return new ServiceError(
    lost ? 'UNAVAILABLE' : 'APPLY_FAILED',
    `${prefix}kpt ended with exit code ${run.exitCode}: ${words}`,
    { retryable: lost },
  )
}

/** Without the log lines of client-go. */
function lastSentence(words: string): string {
  const plain = words.split('\n').filter((line) => line.trim() !== '' && !/^[EWI]\d{4} /.test(line))
  return (plain.length > 0 ? plain.join(' ') : words).trim() || 'it said nothing'
}

function named(each: readonly string[]): string {
  const rest = each.length - MOST_NAMED
  return [...each.slice(0, MOST_NAMED), ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ')
}
