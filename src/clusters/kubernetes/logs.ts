import { messageOf, ServiceError } from '../../errors.ts'
import type { LogOptions } from '../cluster.ts'
import { endOf, LOG_BYTES, LOG_LINES } from '../log-end.ts'
import { nameOf, objectPath } from './address.ts'
import { type Connection, jsonOf, textOf } from './connection.ts'
import { refusalOf } from './refusal.ts'

const PODS = { root: '/api/v1', plural: 'pods', namespaced: true }
/** The server cuts the newest lines off where it is told to stay below a size, so it is asked for more than is kept. */
const MOST_READ = 512 * 1024

/** The end of a container's output, read as it is: a log that looks like JSON stays text. */
export async function podLogs(
  connection: Connection,
  pod: { namespace: string; name: string },
  { container, previous, tailLines = LOG_LINES, limitBytes = LOG_BYTES, signal }: LogOptions,
  limitMs: number,
): Promise<string | undefined> {
  const ref = { apiVersion: 'v1', kind: 'Pod', ...pod }
  const limit = AbortSignal.timeout(limitMs)
  const query = {
    container,
    previous: previous ? 'true' : undefined,
    tailLines: String(tailLines),
    limitBytes: String(MOST_READ),
  }
  const call = { method: 'GET' as const, path: `${objectPath(PODS, ref)}/log`, query }
  try {
    const answer = await connection.stream(call, signal ? AbortSignal.any([signal, limit]) : limit)
    const text = await textOf(answer.body)
    // The kubelet says so, with 200, of a container that is not there any more.
    if (text.startsWith('unable to retrieve container logs for ')) return ''
    if (answer.status === 200) return endOf(text, tailLines, limitBytes)
    if (answer.status === 404) return undefined
    // A container that has not started, or had none before it.
    if (answer.status === 204 || answer.status === 400) return ''
    throw refusalOf({ status: answer.status, body: jsonOf(text) }, { what: `The log of ${nameOf(ref)}` })
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof ServiceError) throw error
    throw new ServiceError('UNAVAILABLE', `The log of ${nameOf(ref)} cannot be read: ${messageOf(error)}`, {
      retryable: true,
      cause: error,
    })
  }
}
