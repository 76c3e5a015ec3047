/** How long the work took, in milliseconds; also printed, for whoever reads the run. */
export async function measured(what: string, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  const ms = performance.now() - start
  process.stdout.write(`${what}: ${Math.round(ms)} ms\n`)
  return ms
}

/** What is told by a watch is told at once; this is far from that, and still below every interval at which anybody looks. */
export const NOT_POLLED_MS = 5_000
