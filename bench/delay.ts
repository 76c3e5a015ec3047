import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { FRONT_DOOR } from '../src/provisioning/representation.ts'
import { call, follow, type SeenEvent } from '../test/harness/client.ts'
import { type ControlPlane, startControlPlane } from '../test/harness/control-plane.ts'
import { eventually } from '../test/harness/eventually.ts'
import { startServer } from '../test/harness/server.ts'
import { manifestsTemplate, requestFor } from '../test/harness/templates.ts'
import { atMost, quantile, type Row } from './row.ts'

/** Requests that wait side by side, each for a Deployment of its own. */
const REQUESTS = 10
const CHANGES = 30
/** Longer than the pause that is kept between two events of the same step. */
const EVERY_MS = 350
const NAME = 'waits'

/** When the change number so and so of a request was sent, seen by the event stream, and seen by a bare watch on the same object. */
interface Times {
  sent: number[]
  client: number[]
  watch: number[]
}

/**
 * From the moment when somebody sends a new status to a real API server until the client's event stream tells it; beside it the same moment until a bare watch on that
 * API server tells it. No controllers run: all that changes is what is sent here.
 */
export async function delay(): Promise<Row[]> {
  const plane = await startControlPlane()
  const server = await startServer()
  const stop = new AbortController()
  const all = Array.from({ length: REQUESTS }, (): Times => ({ sent: [], client: [], watch: [] }))
  try {
    await made(`${server.url}/o2ims/v1/templates`, manifestsTemplate(NAME))
    await made(`${server.url}/o2ims/v1/ocloud`, { name: 'edge', kubeconfig: plane.kubeconfig })
    await Promise.all(all.map((times, index) => begin(server.url, index, times, stop.signal)))
    const watched = watch(plane, all, stop.signal)
    for (let change = 1; change <= CHANGES; change += 1) {
      // Before the first one too: that they wait is an event of the same step.
      await sleep(EVERY_MS)
      await Promise.all(
        all.map(async (times, index) => {
          await sleep((EVERY_MS * index) / REQUESTS)
          times.sent[change] = performance.now()
          await setReady(plane, index, change)
        }),
      )
    }
    await eventually(() => {
      if (all.some(({ client, watch: seen }) => !client[CHANGES] || !seen[CHANGES]))
        throw new Error('not all were told')
    })
    stop.abort()
    await watched
  } finally {
    stop.abort()
    await server.dispose()
    await plane.stop()
  }
  return rowsOf(all)
}

/** Resolves when the request waits for its Deployment. */
async function begin(base: string, index: number, times: Times, signal: AbortSignal): Promise<void> {
  const id = `delay-${index}`
  await made(`${base}${FRONT_DOOR}`, requestFor(id, NAME, { oCloud: 'edge', namespace: id, password: 'not-a-secret' }))
  const waits = Promise.withResolvers<void>()
  const onEvent = ({ event, data, at }: SeenEvent) => {
    if (event === 'end') waits.reject(new Error(`${id} ended`))
    const ready = /(\d+) of 1 ready/.exec(event === 'step' ? data.message : '')?.[1]
    if (ready === undefined) return
    waits.resolve()
    times.client[Number(ready)] ??= at
  }
  follow(`${base}${FRONT_DOOR}/${id}/events`, signal, onEvent).catch(waits.reject)
  await waits.promise
}

async function setReady(plane: ControlPlane, index: number, ready: number): Promise<void> {
  const path = `/apis/apps/v1/namespaces/delay-${index}/deployments/du/status`
  const status = { replicas: ready, readyReplicas: ready }
  const answer = await plane.client.call('PATCH', path, { status }, 'application/merge-patch+json')
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
}

/** What anybody sees who watches all Deployments. */
async function watch(plane: ControlPlane, all: Times[], signal: AbortSignal): Promise<void> {
  const token = /token: "?([^"\s]+)/.exec(plane.kubeconfig)?.[1]
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false }, bodyTimeout: 0 })
  const url = `${plane.server}/apis/apps/v1/deployments?watch=true`
  try {
    const { body } = await request(url, { dispatcher, signal, headers: { authorization: `Bearer ${token}` } })
    let rest = ''
    for await (const chunk of body.setEncoding('utf8')) {
      const at = performance.now()
      const lines = `${rest}${chunk}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const { object } = JSON.parse(line)
        const times = all[Number(object.metadata.namespace.split('-')[1])]
        if (times) times.watch[object.status.readyReplicas] ??= at
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await dispatcher.destroy()
  }
}

function rowsOf(all: Times[]): Row[] {
  const waited = (seen: 'client' | 'watch') =>
    all.flatMap((times) => times.sent.map((at, change) => (times[seen][change] ?? Number.NaN) - at).slice(1))
  const [client, bare] = [waited('client'), waited('watch')]
  const limit = 'the write of the record with its fsync, and twice Redis: to the worker and to the reader of the feed'
  return [0.5, 0.99].map((part) => {
    const [ours, baseline] = [quantile(client, part), quantile(bare, part)]
    return {
      what: `Status to event stream, p${part * 100} of ${client.length}; baseline: to a bare watch`,
      ours: `${ours.toFixed(1)} ms`,
      baseline: `${baseline.toFixed(1)} ms`,
      ratio: ours / baseline,
      ...(part === 0.99 && { target: atMost(50, ours, ' ms') }),
      limit,
    }
  })
}

async function made(url: string, body: unknown): Promise<void> {
  const answer = await call(url, 'POST', body)
  if (answer.status !== 201) throw new Error(`${answer.status} from ${url}: ${JSON.stringify(answer.body)}`)
}
