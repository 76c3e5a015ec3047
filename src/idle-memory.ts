import { performance } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Logger } from 'pino'

/** A collection takes some 50 ms: nobody waits for it while next to nothing is done. */
const IDLE_SHARE = 0.1
/** The young generation of a process that does little stays far below. */
const WORTH_BYTES = 16 * 1024 * 1024
const LOOK_MS = 3_000

/**
 * Gives memory back to the system when the process has come to rest: after the start, and after a burst of work. V8 itself keeps what its young generation has
 * grown to, a third of the memory of an idle service, until it has other reasons to collect. Keeps no process alive.
 */
export function giveBackIdleMemory(log: Logger, lookMs = LOOK_MS): void {
  const collect = collector()
  let before = performance.eventLoopUtilization()
  setInterval(() => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    const bytes = youngBytes()
    if (utilization > IDLE_SHARE || bytes < WORTH_BYTES) return
    collect()
    log.debug({ bytes: bytes - youngBytes() }, 'idle memory was given back')
  }, lookMs).unref()
}

/** What the young generation holds of the system's memory, used or not. */
export function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.physical_space_size ?? 0
}

/** V8's own collection, of the sort that also lets go of free pages; Node shows it by a flag alone. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  if (typeof gc !== 'function') return () => undefined
  return () => gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
