import { describe, expect, test } from 'vitest'
import { createUnserved } from '../../../src/clusters/kubernetes/address.ts'
import type { Connection, RawAnswer, RawCall } from '../../../src/clusters/kubernetes/connection.ts'
import { createDiscovery } from '../../../src/clusters/kubernetes/discovery.ts'
import { listObjects } from '../../../src/clusters/kubernetes/list.ts'
import { createWrites } from '../../../src/clusters/kubernetes/writes.ts'

const KIND = { apiVersion: 'example.com/v1', kind: 'Widget' }
const ROOT = '/apis/example.com/v1'
const WIDGETS = `${ROOT}/namespaces/default/widgets`
const widget = { ...KIND, metadata: { name: 'w', namespace: 'default' } }

const NO_SUCH_PAGE: RawAnswer = { status: 404, body: '404 page not found' }
const KINDS: RawAnswer = {
  status: 200,
  body: { resources: [{ name: 'widgets', kind: 'Widget', namespaced: true }] },
}

/** An API server one of whose replicas has not read the definition yet: answers in turn, the last one for ever. */
function serverThat(answers: Record<string, RawAnswer[]>) {
  const calls: string[] = []
  const call = async ({ method, path }: RawCall): Promise<RawAnswer> => {
    calls.push(`${method} ${path}`)
    const [answer = NO_SUCH_PAGE, ...more] = answers[`${method} ${path}`] ?? []
    if (more.length > 0) answers[`${method} ${path}`] = more
    return answer
  }
  const stream = () => Promise.reject(new Error('nobody watches'))
  const connection: Connection = { call, stream, closed: false, close: async () => undefined }
  const discovery = createDiscovery(connection)
  return { connection, discovery, calls, writes: createWrites(connection, discovery, 'o2ims') }
}

describe('a kind whose definition is new', () => {
  test('is written again while the server lists it and does not serve it', async () => {
    const made = { status: 201, body: { ...widget, metadata: { ...widget.metadata, uid: '1' } } }
    const { writes, calls } = serverThat({
      [`GET ${ROOT}`]: [KINDS],
      [`PATCH ${WIDGETS}/w`]: [NO_SUCH_PAGE, NO_SUCH_PAGE, made],
    })
    expect(await writes.apply(widget)).toMatchObject({ metadata: { uid: '1' } })
    expect(calls.filter((line) => line.startsWith('PATCH'))).toHaveLength(3)
  })

  test('ends with the signal of who writes', async () => {
    const { writes } = serverThat({ [`GET ${ROOT}`]: [KINDS] })
    const stop = new AbortController()
    const writing = writes.apply(widget, { signal: stop.signal })
    stop.abort(new Error('superseded'))
    await expect(writing).rejects.toThrow('superseded')
  })

  test('is worth another try when a list finds it listed and not served', async () => {
    const { connection, discovery } = serverThat({ [`GET ${ROOT}`]: [KINDS] })
    const parts = { connection, kind: KIND, unserved: createUnserved(discovery) }
    await expect(listObjects(parts, WIDGETS, {})).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  })

  test('that is gone since it was listed is refused for good, after one write', async () => {
    const { writes, calls } = serverThat({ [`GET ${ROOT}`]: [KINDS, NO_SUCH_PAGE] })
    await expect(writes.apply(widget)).rejects.toMatchObject({ code: 'APPLY_FAILED', retryable: false })
    expect(calls.filter((line) => line.startsWith('PATCH'))).toHaveLength(1)
  })
})
