import { traceHeaders } from '../telemetry/spans.ts'
import { createBatch } from './batch.ts'
import { attributeName, KEYS, recordName } from './keys.ts'
import { createScript } from './lua/create.ts'
import { appendLinesScript, attachScript, readLinesScript } from './lua/lines.ts'
import { dueWishesScript, wakeWishScript } from './lua/read.ts'
import { removeScript } from './lua/remove.ts'
import { replaceScript } from './lua/replace.ts'
import type { Change } from './outbox-types.ts'
import { readLog } from './record-log.ts'
import { asList, type RedisClient, type Reply } from './redis-client.ts'
import { refusalOf } from './refusal.ts'
import { look, MOST_ROWS } from './scan.ts'
import type { Alongside, Collection, Listed, Versioned } from './store.ts'
import { VersionConflict } from './store.ts'
import { openValue } from './stored-value.ts'

const MAX_REFERRERS = 1000
const MAX_ATTEMPTS = 50

/** Records of one kind. What a write changes (record, indexes, log, feed, references, wish, outbox) is changed by one Lua script, or not at all. */
export function createCollection<T>({ client, name }: { client: RedisClient; name: string }): Collection<T> {
  if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(name)) throw new RangeError(`"${name}" cannot name a collection`)
  const index = KEYS.index(name)
  const values = KEYS.values(name)
  const version = KEYS.version(name)
  const wishes = KEYS.wishes(name)
  const unique = KEYS.unique(name)

  const read = createBatch((ids: string[]) => client.run((redis) => redis.hmget(values, ...ids)))

  function write(
    script: typeof createScript,
    id: string,
    alongside: Alongside,
    first: string | number,
    second: string | number = '',
  ): Promise<Reply[]> {
    const own = recordName(name, id)
    const record = [KEYS.record(own), KEYS.log(own), KEYS.referrers(own)]
    const shared = [index, KEYS.sequence(name), unique, wishes, KEYS.feed, KEYS.lines(own), values, version]
    const keys = [...record, ...shared, KEYS.outbox, KEYS.outboxLanes, KEYS.outboxState]
    const args = [id, own, encodeAlongside(name, alongside), first, second, ...textsOf(alongside)]
    return client.script(script, keys, args).then(asList)
  }

  const collection: Collection<T> = {
    name,

    async create(id, value, alongside = {}) {
      const reply = await write(createScript, id, alongside, JSON.stringify(value))
      if (reply[0] === 'OK') return { value, n: Number(reply[1]) }
      throw refusalOf(reply, name, id)
    },

    async get(id) {
      const stored = await read(id)
      return stored === null ? undefined : parse<T>(openValue(stored))
    },

    async peek(id) {
      const stored = await client.run((redis) => redis.hget(values, id))
      if (stored === null) return undefined
      const { n, position, text } = openValue(stored)
      return { mark: `${n} ${position}`, n, value: () => JSON.parse(text) }
    },

    async list({ limit, ...position }) {
      const size = Math.max(1, Math.min(limit, MOST_ROWS))
      const items: Listed<T>[] = []
      let next = position.after
      do {
        const wanted = size - items.length
        const found = await look(client, name, { after: next, limit: wanted, examine: wanted })
        for (const row of found.rows) items.push({ ...parse<T>(row), position: row.position })
        next = found.next
      } while (next !== undefined && items.length < size)
      return next === undefined ? { items } : { items, next }
    },

    scan: (scan) => look(client, name, scan),

    async count(where) {
      const counted = where ? KEYS.attribute(attributeName(name, where.attribute, where.value)) : index
      return client.run((redis) => redis.zcard(counted))
    },

    async version() {
      return Number(await client.run((redis) => redis.get(version)))
    },

    async replace(id, expected, value, alongside = {}) {
      const reply = await write(replaceScript, id, alongside, JSON.stringify(value), expected)
      if (reply[0] === 'OK') return { value, n: Number(reply[1]) }
      if (reply[0] === 'GONE') return undefined
      throw refusalOf(reply, name, id)
    },

    async update(id, change) {
      for (let attempt = 1; ; attempt += 1) {
        const current = await collection.get(id)
        const changed = current && change(current)
        if (current === undefined || changed === undefined) return current
        try {
          return await collection.replace(id, current.n, changed.value, changed.alongside)
        } catch (error) {
          if (!(error instanceof VersionConflict) || attempt === MAX_ATTEMPTS) throw error
          await pause(Math.random() * Math.min(2 * attempt, 20))
        }
      }
    },

    async remove(id, expected, alongside = {}) {
      const reply = await write(removeScript, id, alongside, expected ?? '')
      if (reply[0] === 'OK') return true
      if (reply[0] === 'GONE') return false
      throw refusalOf(reply, name, id)
    },

    async findUnique(key) {
      return (await client.run((redis) => redis.hget(unique, key))) ?? undefined
    },

    async referencedBy(id) {
      const key = KEYS.referrers(recordName(name, id))
      return (await client.run((redis) => redis.srandmember(key, MAX_REFERRERS))).sort()
    },

    async dueWishes({ limit, againInMs }) {
      return asList(await client.script(dueWishesScript, [wishes], [limit, againInMs])).map(String)
    },

    async wakeWish(id) {
      await client.script(wakeWishScript, [wishes], [id])
    },

    log: (id, after) => readLog(client, recordName(name, id), after),

    async appendLines(id, lines, incarnation = '') {
      const own = recordName(name, id)
      const keys = [KEYS.record(own), KEYS.lines(own), KEYS.feed]
      return (await client.script(appendLinesScript, keys, [`${own}:lines`, incarnation, ...lines])) === 1
    },

    async lines(id, after = 0) {
      const own = recordName(name, id)
      const [gone, rows] = asList(await client.script(readLinesScript, [KEYS.record(own), KEYS.lines(own)], [after]))
      return { gone: Number(gone), lines: asList(rows ?? []).map(String) }
    },

    async attach(id, what, text, incarnation = '') {
      const key = KEYS.record(recordName(name, id))
      return (await client.script(attachScript, [key], [what, text, incarnation])) === 1
    },

    async attachment(id, what) {
      const key = KEYS.record(recordName(name, id))
      return (await client.run((redis) => redis.hget(key, `attached:${what}`))) ?? undefined
    },
  }
  return collection
}

function encodeAlongside(name: string, { events, references, lines, indexes, changes, ...rest }: Alongside): string {
  return JSON.stringify({
    ...rest,
    indexes: indexes && attributeNames(name, indexes),
    changes: changes?.length ?? 0,
    events: events?.length ?? 0,
    lines: lines?.length ?? 0,
    references: references?.map(({ collection, id }) => recordName(collection, id)),
    marks: references?.map(({ mark = '' }) => mark),
  })
}

/** What the script stores as it is, and so need not decode: in the order in which the script takes it. */
function textsOf({ events = [], changes = [], lines = [] }: Alongside): string[] {
  return [...events.flatMap(({ event, data }) => [event, JSON.stringify(data)]), ...encodeChanges(changes), ...lines]
}

function encodeChanges(changes: readonly Change[]): string[] {
  const { traceparent = '' } = changes.length > 0 ? traceHeaders() : {}
  return changes.flatMap(({ kind, data }) => [kind, JSON.stringify(data), traceparent])
}

function attributeNames(name: string, indexes: Record<string, string[]>): string[] {
  const all = Object.entries(indexes).flatMap(([attribute, values]) =>
    values.map((value) => attributeName(name, attribute, value)),
  )
  return [...new Set(all)]
}

function parse<T>({ n, text }: { n: number; text: string }): Versioned<T> {
  const value: T = JSON.parse(text)
  return { value, n }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
