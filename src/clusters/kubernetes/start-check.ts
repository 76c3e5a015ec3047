import { ServiceError } from '../../errors.ts'
import { pause } from '../pause.ts'
import type { Connection, RawAnswer } from './connection.ts'
import { isUnknownKind } from './refusal.ts'

/** Milliseconds before each question: where /readyz itself is forbidden, that may be for good or for a moment. */
const PAUSES = [0, 250, 500, 1_000]

/**
 * Doubts the refusals of an API server that has just started. Seen on Kubernetes 1.33: for some milliseconds, on a busy machine some hundreds, after it
 * opens its port it answers 403 to users whose roles it has not read yet, to /readyz too, and 404 for kinds whose CRDs it has not read yet. Both would
 * be final. A server that is not ready, or becomes so while we ask, has refused nothing: UNAVAILABLE, retryable.
 */
export function withStartCheck(connection: Connection): Connection {
  async function refuseToBelieve(signal: AbortSignal | undefined): Promise<void> {
    for (const [index, wait] of PAUSES.entries()) {
      await pause(wait, signal)
      const { status } = await connection.call({ method: 'GET', path: '/readyz' }, signal)
      if (status === 403) continue
      if (index === 0 && status < 500) return
      throw new ServiceError('UNAVAILABLE', 'The API server is starting and does not know its users and kinds yet', {
        retryable: true,
        retryAfter: 1,
      })
    }
  }

  return {
    get closed() {
      return connection.closed
    },
    async call(call, signal) {
      const answer = await connection.call(call, signal)
      if (isDoubtful(answer)) await refuseToBelieve(signal)
      return answer
    },
    async stream(call, signal) {
      const answer = await connection.stream(call, signal)
      if (![401, 403, 404].includes(answer.status)) return answer
      try {
        await refuseToBelieve(signal)
      } catch (error) {
        answer.body.on('error', () => undefined).destroy()
        throw error
      }
      return answer
    },
    close: () => connection.close(),
  }
}

function isDoubtful(answer: RawAnswer): boolean {
  return answer.status === 401 || answer.status === 403 || isUnknownKind(answer)
}
