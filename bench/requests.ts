import { FRONT_DOOR } from '../src/provisioning/representation.ts'
import { call } from '../test/harness/client.ts'
import { startRedis } from '../test/harness/redis.ts'
import { startServer } from '../test/harness/server.ts'
import { requestFor } from '../test/harness/templates.ts'
import { startBare } from './bare.ts'
import { loadWith } from './load.ts'
import { rawRequest } from './raw-client.ts'
import { atLeast, inTurn, type Row } from './row.ts'

const CLIENTS = [1, 8, 32]
const ROUNDS = 5
const SECONDS = 0.7
const WARM_CLIENTS = 32
const WARM_SECONDS = 2
/** So many different requests are read in turn. */
const READ = 200

const LIMITS: Record<string, string> = {
  POST: 'processor time: a script of eighteen commands where the baseline sets one key, the job, and in the API all that is checked, written and told of a request',
  'GET one':
    'headers, metrics and checks of every answer; the text itself is kept while nothing is written to the request',
}

/** POST and GET one, durable, against Fastify with SET NX and GET on the same Redis. The API runs alone: no worker takes part. */
export async function requests(): Promise<Row[]> {
  const redis = await startRedis()
  const server = await startServer({ roles: 'api', redisUrl: redis.url })
  const bare = await startBare('bare-requests.ts', { REDIS_URL: redis.url })
  const rows: Row[] = []
  try {
    const door = `${server.url}${FRONT_DOOR}`
    let posted = 0
    const post = (base: string) => () => rawRequest(base, 'POST', bodyOf(`posted-${posted++}`))
    const ids = Array.from({ length: READ }, (_, n) => `read-${n}`)
    for (const id of ids) for (const base of [door, bare.url]) await made(base, bodyOf(id))
    const get = (base: string) => {
      const all = ids.map((id) => rawRequest(`${base}/${id}`))
      let next = 0
      return () => all[next++ % all.length] ?? rawRequest(base)
    }
    for (const [what, least, ours, theirs] of [
      ['POST', 0.6, post(door), post(bare.url)],
      ['GET one', 0.8, get(door), get(bare.url.slice(0, -1))],
    ] as const) {
      // Compiled code is compared with compiled code.
      await loadWith(door, WARM_CLIENTS, WARM_SECONDS, ours)
      await loadWith(bare.url, WARM_CLIENTS, WARM_SECONDS, theirs)
      for (const clients of CLIENTS) {
        const rate = (base: string, next: () => Buffer) => async () =>
          (await loadWith(base, clients, SECONDS, next)).rate
        const figures = await inTurn(ROUNDS, rate(door, ours), rate(bare.url, theirs))
        rows.push({
          what: `${what}, ${clients} ${clients === 1 ? 'client' : 'clients'}`,
          ours: `${figures.ours.toFixed(0)} /s`,
          baseline: `${figures.baseline.toFixed(0)} /s`,
          ratio: figures.ratio,
          target: atLeast(least, figures.ratio),
          limit: LIMITS[what] ?? '',
        })
      }
    }
  } finally {
    await bare.end()
    await server.dispose()
    await redis.stop()
  }
  return rows
}

function bodyOf(id: string): string {
  const parameters = { oCloud: 'sim-edge-1', namespace: 'ran', values: { duReplicas: 1 } }
  return JSON.stringify(requestFor(id, 'kpt-workload', parameters))
}

async function made(base: string, body: string): Promise<void> {
  const { status, body: answer } = await call(base, 'POST', body)
  if (status !== 201) throw new Error(`${status} from ${base}: ${JSON.stringify(answer)}`)
}
