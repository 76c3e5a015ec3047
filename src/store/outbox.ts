import { KEYS } from './keys.ts'
import {
  advanceLaneScript,
  closeLaneScript,
  openLaneScript,
  readOutboxScript,
  takeEpochScript,
  trimOutboxScript,
} from './lua/outbox.ts'
import type { Outbox, OutboxEntry } from './outbox-types.ts'
import { asList, type RedisClient, type Reply, type Script } from './redis-client.ts'
import { Fenced } from './store.ts'

const MOST_READ = 100
const MOST_BYTES = 1024 * 1024

export function createOutbox({ client }: { client: RedisClient }): Outbox {
  const keys = [KEYS.outbox, KEYS.outboxLanes, KEYS.outboxState]
  const run = (script: Script, ...args: (string | number)[]) => client.script(script, keys, args)
  const newest = async () => Number(await client.run((redis) => redis.hget(KEYS.outboxState, 'newest')))

  return {
    async openLane(lane) {
      await run(openLaneScript, lane)
    },

    async closeLane(lane) {
      await run(closeLaneScript, lane)
    },

    async lanes() {
      const lanes = await client.run((redis) => redis.hgetall(KEYS.outboxLanes))
      return new Map(Object.entries(lanes).map(([lane, position]) => [lane, Number(position)]))
    },

    newest,

    async read(after, limit, bytes = MOST_BYTES) {
      const count = Math.max(1, Math.min(limit, MOST_READ))
      const [last, found = []] = asList(await run(readOutboxScript, after, count, bytes))
      const entries = asList(found).map(toEntry)
      // Positions have no holes, so the first entry tells whether some are missing before it.
      const reached = entries[0] ? entries[0].position - 1 : Number(last)
      return { entries, gap: reached !== after }
    },

    async takeEpoch() {
      return Number(await run(takeEpochScript))
    },

    async advance(lane, position, epoch) {
      const answer = await run(advanceLaneScript, lane, position, epoch)
      if (answer === 'FENCED') throw new Fenced('somebody else delivers what the outbox holds now')
      return answer === 'OK'
    },

    async trim() {
      await run(trimOutboxScript)
    },
  }
}

function toEntry(row: Reply): OutboxEntry {
  const [id, fields = []] = asList(row)
  const [, kind = '', , text = 'null', , at, , traceparent] = asList(fields).map(String)
  const position = Number.parseInt(String(id), 10)
  return { position, at: Number(at), kind, text, ...(traceparent && { traceparent }) }
}
