import type { Logger } from 'pino'
import { messageOf, ServiceError } from '../errors.ts'

/** Keys to look at. Each is worked on by one at a time; one that is added while it waits is done once. */
export interface WorkQueue {
  add(key: string, afterMs?: number): void
}

export interface WorkQueueParts {
  /** Brings the world nearer to what is wanted; called again after a failure. */
  work(key: string): Promise<void>
  /** Keys that are worked on at once. */
  concurrency: number
  signal: AbortSignal
  log: Logger
}

const FIRST_RETRY_MS = 50
const LONGEST_RETRY_MS = 10_000

/** Bounded by the number of keys, since no key waits twice. */
export function createWorkQueue({ work, concurrency, signal, log }: WorkQueueParts): WorkQueue {
  const waiting = new Set<string>()
  const running = new Set<string>()
  const later = new Map<string, { timer: NodeJS.Timeout; at: number }>()
  const failures = new Map<string, number>()
  signal.addEventListener('abort', () => {
    for (const { timer } of later.values()) clearTimeout(timer)
    later.clear()
    waiting.clear()
  })

  function pump(): void {
    for (const key of waiting) {
      if (running.size >= concurrency) return
      if (running.has(key)) continue
      waiting.delete(key)
      running.add(key)
      void run(key)
    }
  }

  async function run(key: string): Promise<void> {
    try {
      await work(key)
      failures.delete(key)
    } catch (error) {
      if (!signal.aborted) retry(key, error)
    } finally {
      running.delete(key)
      pump()
    }
  }

  function retry(key: string, error: unknown): void {
    const count = (failures.get(key) ?? 0) + 1
    failures.set(key, count)
    const usual = error instanceof ServiceError && (error.code === 'CONFLICT' || error.retryable)
    if (!usual) log.warn({ key, reason: messageOf(error) }, 'what had to be done failed and is tried again')
    queue.add(key, Math.min(FIRST_RETRY_MS * 2 ** Math.min(count, 10), LONGEST_RETRY_MS))
  }

  const queue: WorkQueue = {
    add(key, afterMs = 0) {
      if (signal.aborted) return
      if (afterMs <= 0) {
        waiting.add(key)
        pump()
        return
      }
      const at = performance.now() + afterMs
      const known = later.get(key)
      if (known !== undefined && known.at <= at) return
      clearTimeout(known?.timer)
      const timer = setTimeout(() => {
        later.delete(key)
        queue.add(key)
      }, afterMs)
      later.set(key, { timer, at })
    },
  }
  return queue
}
