/** Lets at most one call through in `everyMs`, which counts from now on; the last one is never lost. `settle` ends what is waiting. */
export function throttle<Args extends unknown[]>(
  everyMs: () => number,
  work: (...args: Args) => void,
): { call(...args: Args): void; settle(): void } {
  let timer: NodeJS.Timeout | undefined
  let waiting: Args | undefined
  let last = Date.now()

  function flush(): void {
    timer = undefined
    if (!waiting) return
    const args = waiting
    waiting = undefined
    last = Date.now()
    work(...args)
  }

  return {
    call(...args) {
      waiting = args
      timer ??= setTimeout(flush, Math.max(0, last + everyMs() - Date.now()))
    },
    settle() {
      clearTimeout(timer)
      timer = undefined
      waiting = undefined
    },
  }
}
