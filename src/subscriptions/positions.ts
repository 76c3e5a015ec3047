import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import type { Outbox } from '../store/outbox-types.ts'
import { Fenced } from '../store/store.ts'

/** How long a delivery may be unknown to the store: what a kill -9 repeats. */
const SENT_MS = 100
/** The same for changes that a lane only passed by: nothing is repeated for them, they only keep the outbox long. */
const PASSED_MS = 1000
const AT_ONCE = 100

/** How far the lanes are, written down together, so that a thousand that keep up cost few writes. */
export interface Positions {
  /** `sent`: something went out on the way there. */
  passed(lane: string, position: number, sent: boolean): void
  /** Writes what is not written yet. Rejects when the store is away, or another process delivers. */
  flush(): Promise<void>
  /** Nothing is written from then on; `write`: what was passed until now is, if it can be. */
  stop(options: { write: boolean }): Promise<void>
}

/** @param onFenced another process delivers: this one has to stop */
export function createPositions({
  outbox,
  epoch,
  onFenced,
  log,
}: {
  outbox: Pick<Outbox, 'advance' | 'trim'>
  epoch: number
  onFenced: () => void
  log: Logger
}): Positions {
  let waiting = new Map<string, number>()
  let timer: { due: number; handle: NodeJS.Timeout } | undefined
  let writing = Promise.resolve()
  let stopped = false

  function schedule(ms: number): void {
    const due = performance.now() + ms
    if (stopped || (timer !== undefined && timer.due <= due)) return
    clearTimeout(timer?.handle)
    const handle = setTimeout(() => {
      timer = undefined
      flush().catch((error: unknown) => {
        if (error instanceof Fenced) return onFenced()
        log.warn({ reason: messageOf(error) }, 'how far notifications are cannot be written at this moment')
        schedule(PASSED_MS)
      })
    }, ms)
    timer = { due, handle }
  }

  async function writeAll(): Promise<void> {
    const all = [...waiting]
    waiting = new Map()
    try {
      for (let from = 0; from < all.length; from += AT_ONCE)
        await Promise.all(all.slice(from, from + AT_ONCE).map(([lane, to]) => outbox.advance(lane, to, epoch)))
      if (all.length > 0) await outbox.trim()
    } catch (error) {
      // Said twice is fine, and what was passed since is newer.
      waiting = new Map([...all, ...waiting])
      throw error
    }
  }

  function flush(): Promise<void> {
    const result = writing.then(writeAll)
    writing = result.catch(() => undefined)
    return result
  }

  return {
    flush,
    passed(lane, position, sent) {
      waiting.set(lane, position)
      schedule(sent ? SENT_MS : PASSED_MS)
    },
    async stop({ write }) {
      stopped = true
      clearTimeout(timer?.handle)
      if (!write) return
      await flush().catch((error: unknown) => {
        log.warn({ reason: messageOf(error) }, 'how far notifications are could not be written')
      })
    },
  }
}
