/** A number of places that callers take turns in, first come first served. */
export interface Slots {
  /** Runs `work` when a place is free. An aborted signal ends the waiting with the signal's reason; it does not end the work. */
  take<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T>
}

export function createSlots(places: number): Slots {
  let free = places
  const waiting = new Set<() => void>()

  function enter(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (free > 0) {
      free -= 1
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const admit = () => {
        signal?.removeEventListener('abort', give)
        resolve()
      }
      const give = () => {
        waiting.delete(admit)
        reject(signal?.reason)
      }
      waiting.add(admit)
      signal?.addEventListener('abort', give, { once: true })
    })
  }

  function leave(): void {
    const [next] = waiting
    if (next === undefined) {
      free += 1
      return
    }
    waiting.delete(next)
    next()
  }

  return {
    async take(signal, work) {
      await enter(signal)
      try {
        return await work()
      } finally {
        leave()
      }
    },
  }
}
