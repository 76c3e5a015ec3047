import { ServiceError } from '../../errors.ts'
import type { Connection, RawAnswer } from './connection.ts'
import { isUnknownKind } from './refusal.ts'

/**
 * Doubts the refusals of an API server that has just started. Seen on Kubernetes 1.33: for some milliseconds after it opens its port it answers 403 to
 * users whose roles it has not read yet, and 404 for kinds whose CRDs it has not read yet. Both would be final. A server that says
 * by /readyz that it is not ready has therefore refused nothing: UNAVAILABLE, retryable.
 */
export function withStartCheck(connection: Connection): Connection {
  async function refuseToBelieve(signal: AbortSignal | undefined): Promise<void> {
    const { status } = await connection.call({ method: 'GET', path: '/readyz' }, signal)
    // Where /readyz itself is not for us, the refusal stands.
    if (status >= 500) {
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
