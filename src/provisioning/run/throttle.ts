/** Lets at most one call through in `everyMs`, which counts from now on; the last one is never lost. `settle` ends what is waiting. */
export function throttle<Args extends unknown[]>(
  everyMs: () => number,
  work: (...args: Args) => void,
): { call(...args: Args): void; settle(): void } {
  let cancel: (() => void) | undefined
  let waiting: Args | undefined
  let last = Date.now()

  function flush(): void {
    cancel = undefined
    if (!waiting) return
    const args = waiting
    waiting = undefined
    last = Date.now()
    work(...args)
  }

  return {
    call(...args) {
      waiting = args
      cancel ??= after(last + everyMs() - Date.now(), flush)
    },
    settle() {
      cancel?.()
      cancel = undefined
      waiting = undefined
    },
  }
}

/** What is due comes after all that has arrived with it, which a timer would make a millisecond and more. Returns how to cancel it. */
function after(ms: number, work: () => void): () => void {
  if (ms > 0) {
    const timer = setTimeout(work, ms)
    return () => clearTimeout(timer)
  }
  const turn = setImmediate(work)
  return () => clearImmediate(turn)
}
