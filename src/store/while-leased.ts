import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import type { Leases } from './store.ts'

/** How often a process that does not hold the lease asks for it. */
const ASKED_MS = 2000

/**
 * Lets one process of all do something: runs `work` whenever nobody else holds the lease, until the signal aborts. The signal of `work` aborts with it, and when the lease was
 * lost; work that ends or fails is begun again. Never rejects.
 */
export async function whileLeased({
  leases,
  name,
  signal,
  log,
  work,
}: {
  leases: Leases
  name: string
  signal: AbortSignal
  log: Logger
  work(signal: AbortSignal): Promise<void>
}): Promise<void> {
  while (!signal.aborted) {
    const turn = new AbortController()
    try {
      if (await leases.take(name, () => turn.abort())) {
        log.info({ lease: name }, 'this process does what one process does for all')
        await work(AbortSignal.any([signal, turn.signal]))
      }
    } catch (error) {
      if (!signal.aborted)
        log.warn({ lease: name, reason: messageOf(error) }, 'what one process does for all cannot run')
    }
    turn.abort()
    await sleep(ASKED_MS, undefined, { signal }).catch(() => undefined)
  }
  await leases.release(name)
}
