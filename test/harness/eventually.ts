/** Runs `check` until it does not throw any more; throws its last error after `timeoutMs`. */
export async function eventually(check: () => void | Promise<void>, timeoutMs = 15_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const began = performance.now()
    try {
      return await check()
    } catch (error) {
      if (performance.now() > deadline) throw error
    }
    // A check that takes long must not starve what it waits for: that often lives in this process.
    const pause = Math.max(20, 2 * (performance.now() - began))
    await new Promise((resolve) => setTimeout(resolve, Math.min(pause, 1000)))
  }
}
