import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { FRONT_DOOR } from '../src/provisioning/representation.ts'
import { createRequests, type Requests, topicOf } from '../src/provisioning/requests.ts'
import { call } from '../test/harness/client.ts'
import { createTestStore } from '../test/harness/redis.ts'
import { startServer } from '../test/harness/server.ts'
import { requestFor } from '../test/harness/templates.ts'
import { startBare } from './bare.ts'
import { rawRequest } from './raw-client.ts'
import { inTurn, type Row } from './row.ts'

const ID = 'streamed'
const EVENTS = 5_000
/** Events in one write of the record, and how many may be on their way: the stream drops none. */
const TOGETHER = 50
const ON_THEIR_WAY = 400
const ROUNDS = 3
const CLIENTS = [1, 50]

/** How many events in a second come from the store to clients of one request's event stream, against Fastify that passes the same feed on as it is. */
export async function events(): Promise<Row[]> {
  const { store, redis, key, stop } = await createTestStore()
  const server = await startServer({ roles: 'api', redisUrl: redis.url, encryptionKey: key })
  const bare = await startBare('bare-events.ts', { REDIS_URL: redis.url, TOPIC: topicOf(ID) })
  const requests = createRequests(store)
  try {
    // It waits for an approval, so that nobody but this writes to it.
    const parameters = { oCloud: 'sim-edge-1', namespace: 'ran' }
    const { status } = await call(
      `${server.url}${FRONT_DOOR}`,
      'POST',
      requestFor(ID, 'kpt-workload', parameters, { approval: { required: true } }),
    )
    if (status !== 201) throw new Error(`${status} of the POST`)
    const rows: Row[] = []
    for (const clients of CLIENTS) {
      // Ours begins with a snapshot.
      const ours = () => rate(requests, `${server.url}${FRONT_DOOR}/${ID}/events`, clients, 1)
      const theirs = () => rate(requests, bare.url, clients, 0)
      const figures = await inTurn(ROUNDS, ours, theirs)
      rows.push({
        what: `Events from the store to ${clients === 1 ? 'one client' : `each of ${clients} clients`}`,
        ours: `${figures.ours.toFixed(0)} /s`,
        baseline: `${figures.baseline.toFixed(0)} /s`,
        ratio: figures.ratio,
        limit:
          'each event is written to the log of its request and to the feed, read once by the process, and sent to each client on its own',
      })
    }
    return rows
  } finally {
    await bare.end()
    await server.dispose()
    await store.close()
    await stop()
  }
}

/** Events in a second until the last client has the last one; `first`: how many each stream begins with. */
async function rate(requests: Requests, url: string, clients: number, first: number): Promise<number> {
  const streams = await Promise.all(Array.from({ length: clients }, () => openStream(url)))
  const fewest = () => Math.min(...streams.map(({ seen }) => seen())) - first
  await until(() => fewest() >= 0)
  const began = performance.now()
  for (let written = 0; written < EVENTS; written += TOGETHER) {
    await writeEvents(requests, written)
    await until(() => written + TOGETHER - fewest() < ON_THEIR_WAY)
  }
  await until(() => fewest() >= EVENTS)
  const seconds = (performance.now() - began) / 1000
  for (const stream of streams) stream.close()
  return EVENTS / seconds
}

async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 60_000; !holds(); await sleep(1)) {
    if (performance.now() > end) throw new Error('the events did not arrive')
  }
}

async function writeEvents(requests: Requests, from: number): Promise<void> {
  const told = Array.from({ length: TOGETHER }, (_, n) => ({
    event: 'step',
    data: {
      provisioningRequestId: ID,
      generation: 1,
      step: 'ready',
      state: 'RUNNING',
      percent: 50,
      message: `Deployment ran/du: ${from + n} of ${EVENTS} ready`,
      at: new Date().toISOString(),
    },
  }))
  await requests.collection.update(ID, ({ value }) => ({ value, alongside: { events: told } }))
}

/** Counts the events of a stream by the empty lines after them. */
async function openStream(url: string): Promise<{ seen(): number; close(): void }> {
  const { hostname, port } = new URL(url)
  const socket: Socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  let seen = 0
  let endsInBreak = false
  socket.on('data', (chunk) => {
    const text = chunk.toString('latin1')
    if (endsInBreak && text.startsWith('\n')) seen += 1
    for (let at = text.indexOf('\n\n'); at >= 0; at = text.indexOf('\n\n', at + 2)) seen += 1
    endsInBreak = text.endsWith('\n') && !text.endsWith('\n\n')
  })
  const answered = once(socket, 'data')
  socket.write(rawRequest(url))
  await answered
  return { seen: () => seen, close: () => socket.destroy() }
}
