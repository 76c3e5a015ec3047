import { setTimeout as sleep } from 'node:timers/promises'

/** Rejects with the signal's reason, where the timer itself would say AbortError. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    if (ms > 0) await sleep(ms, undefined, { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
