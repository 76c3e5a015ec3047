/** Why a run stops before its end. */
export type InterruptionKind =
  /** The deadline of the request, or the time limit of its undo, has passed. */
  | 'deadline'
  | 'cancelled'
  /** A PUT, DELETE or retry made a newer generation, or the request is gone. */
  | 'superseded'
  /** Another worker has taken over. */
  | 'fenced'
  /** The store did not answer for so long that the run gives the request up for now. */
  | 'store-away'
  /** Our lock expired before it could be renewed, or the store lost our last writes: the request is anybody's now, from where it stands. */
  | 'lost'
  | 'shutdown'

/** The reason of an aborted run's signal. */
export class Interruption extends Error {
  readonly kind: InterruptionKind
  constructor(kind: InterruptionKind, message: string) {
    super(message)
    this.name = 'Interruption'
    this.kind = kind
  }
}

/** The interruption behind an error: the error itself, or the reason of the signal that it came from. */
export function interruptionOf(error: unknown, signal: AbortSignal): Interruption | undefined {
  if (error instanceof Interruption) return error
  return signal.aborted && signal.reason instanceof Interruption ? signal.reason : undefined
}

/** A signal that aborts with an Interruption at an instant. `clear` ends its timer. */
export function abortAt(instant: Date, message: string): { signal: AbortSignal; clear(): void } {
  const controller = new AbortController()
  const timer = setTimeout(
    () => controller.abort(new Interruption('deadline', message)),
    Math.max(0, instant.getTime() - Date.now()),
  )
  return { signal: controller.signal, clear: () => clearTimeout(timer) }
}

/** A signal that lives no longer than what it is for. */
export interface ScopedSignal {
  signal: AbortSignal
  /** Lets go of the signals that it follows. */
  release(): void
}

/**
 * Follows a signal that outlives the work, for one piece of work: composite signals are made of this one, so that nothing of a
 * finished run hangs on the signal of the whole process.
 */
export function follow(longLived: AbortSignal, reasonOf = () => longLived.reason as unknown): ScopedSignal {
  const own = new AbortController()
  const onAbort = () => own.abort(reasonOf())
  if (longLived.aborted) onAbort()
  else longLived.addEventListener('abort', onAbort, { once: true })
  return { signal: own.signal, release: () => longLived.removeEventListener('abort', onAbort) }
}

/** The signal of a run: aborts at shutdown, and with an Interruption when the lock was lost. */
export function whileLocked(lock: AbortSignal, shutdown: AbortSignal): ScopedSignal {
  return follow(lock, () =>
    shutdown.aborted ? shutdown.reason : new Interruption('lost', 'the lock of the request was lost'),
  )
}
