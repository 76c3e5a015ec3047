/** A time limit that is not run down while this process itself stands still: who is late with everything has not waited for an answer. `clear` ends it. */
export interface Patience {
  signal: AbortSignal
  clear(): void
}

const TICKS = 30

/** The limit is counted in short ticks, and one that comes late counts no more than one that comes in time. */
export function patience(limitMs: number): Patience {
  const ended = new AbortController()
  let left = TICKS
  let timer = next()
  function next(): NodeJS.Timeout {
    return setTimeout(() => {
      left -= 1
      if (left > 0) timer = next()
      else ended.abort(new DOMException('the time limit has passed', 'TimeoutError'))
    }, limitMs / TICKS).unref()
  }
  return { signal: ended.signal, clear: () => clearTimeout(timer) }
}
