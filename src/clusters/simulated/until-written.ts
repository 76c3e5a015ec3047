import { ServiceError } from '../../errors.ts'
import { VersionConflict } from '../../store/store.ts'

const ATTEMPTS = 30

/**
 * Read, decide, write, and again when another writer was first, as an API server does.
 * @throws ServiceError UNAVAILABLE (retryable) when that happens too often
 */
export async function untilWritten<T>(signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count += 1) {
    signal?.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof VersionConflict)) throw error
      if (count === ATTEMPTS) {
        throw new ServiceError('UNAVAILABLE', 'the object is changed by others too often', {
          cause: error,
          retryable: true,
        })
      }
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(4 * count, 40)))
  }
}
