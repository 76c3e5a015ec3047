/** Why a run stops before its end. */
export type InterruptionKind =
  /** The deadline of the request, or the time limit of its undo, has passed. */
  | 'deadline'
  | 'cancelled'
  /** A PUT, DELETE or retry made a newer generation, or the request is gone. */
  | 'superseded'
  /** Another worker has taken over. */
  | 'fenced'
  /** Our lock expired before it could be renewed: the request is anybody's now. */
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

/** The signal of a run: aborts at shutdown, and with an Interruption when the lock was lost. */
export function whileLocked(lock: AbortSignal, shutdown: AbortSignal): AbortSignal {
  const lost = new AbortController()
  const onAbort = () => {
    if (!shutdown.aborted) lost.abort(new Interruption('lost', 'the lock of the request was lost'))
  }
  if (lock.aborted) onAbort()
  else lock.addEventListener('abort', onAbort, { once: true })
  return AbortSignal.any([shutdown, lost.signal])
}
