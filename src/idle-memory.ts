import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Logger } from 'pino'

/** Of one processor: a process at rest needs less than half a percent. Not of the event loop's time, which on a busy machine passes by waiting for a processor. */
const IDLE_SHARE = 0.02
/** The young generation of a process that does little stays far below. */
const WORTH_BYTES = 16 * 1024 * 1024
const LOOK_MS = 3_000

interface Parts {
  log: Logger
  /** Whether there is something that somebody waits for. */
  isUnderway: () => boolean
  lookMs?: number
}

/**
 * Gives memory back to the system when the process has come to rest: after the start, and after a burst of work. V8 itself keeps what its young generation has
 * grown to, a third of the memory of an idle service, until it has other reasons to collect. A collection stops everything for 50 to 200 ms, so there is none while
 * anything is underway, however little it needs of the processor. Keeps no process alive.
 */
export function giveBackIdleMemory({ log, isUnderway, lookMs = LOOK_MS }: Parts): void {
  const collect = collector()
  let before = processorMs()
  setInterval(() => {
    const now = processorMs()
    const used = now - before
    before = now
    const bytes = youngBytes()
    if (used > IDLE_SHARE * lookMs || bytes < WORTH_BYTES || isUnderway()) return
    collect()
    log.debug({ bytes: bytes - youngBytes() }, 'idle memory was given back')
  }, lookMs).unref()
}

function processorMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
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
