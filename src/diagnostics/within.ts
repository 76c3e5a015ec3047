/** Runs a look within its own limit (milliseconds) and the signal's; ends also what ignores its signal. Rejects with the reason in plain words. */
export async function within<T>(
  limitMs: number,
  signal: AbortSignal,
  look: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = AbortSignal.timeout(limitMs)
  const own = AbortSignal.any([signal, limit])
  const late = Promise.withResolvers<never>()
  const onAbort = () => late.reject(new Error(limit.aborted ? `timed out after ${limitMs / 1000} s` : 'timed out'))
  own.addEventListener('abort', onAbort, { once: true })
  if (own.aborted) onAbort()
  try {
    return await Promise.race([look(own), late.promise])
  } catch (error) {
    if (own.aborted) return await late.promise
    throw error
  } finally {
    own.removeEventListener('abort', onAbort)
  }
}
