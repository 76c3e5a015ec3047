import { attributeName, KEYS, LOOK_BYTES } from './keys.ts'
import { scanScript } from './lua/scan.ts'
import type { RedisClient } from './redis-client.ts'
import { MOST_VALUES, type Scan, type ScanPage, type TextRow } from './scan-types.ts'

const MOST_EXAMINED = 1000
/** Values asked for by one command. */
const AT_ONCE = 100

/** One look at a collection (see `Collection.scan`). */
export async function scanCollection(client: RedisClient, name: string, scan: Scan): Promise<ScanPage> {
  const { after = 0, where, containing = [] } = scan
  if (where && where.values.length > MOST_VALUES) throw new RangeError(`a scan takes ${MOST_VALUES} values at most`)
  const names = where?.values.map((value) => attributeName(name, where.attribute, value))
  const indexes = names?.map((one) => KEYS.attributePrefix + one) ?? [KEYS.index(name)]
  const [index] = indexes
  if (index === undefined) return { rows: [] }
  const examine = within(scan.examine)
  const limit = within(scan.limit)
  if (indexes.length === 1 && containing.length === 0) {
    const page = await readPlainly(client, name, { index, after, limit: Math.min(limit, examine) })
    if (page) return page
  }
  const literals = containing.map((group) => group.map((literal) => literal.toWellFormed()))
  const args = [after, limit, examine, JSON.stringify(literals)]
  const reply = await client.script(scanScript, [KEYS.values(name), ...indexes], args)
  const [next, ...found] = Array.isArray(reply) ? reply.map(String) : []
  const rows: TextRow[] = []
  for (let i = 0; i + 1 < found.length; i += 2) rows.push(toRow(found[i] ?? '', found[i + 1] ?? ''))
  return next === '' ? { rows } : { rows, next: Number(next) }
}

/**
 * Without a script, which keeps Redis busy ten times as long for a page. Undefined when the collection's order or indexes changed meanwhile: what was read need not
 * belong together then.
 */
async function readPlainly(
  client: RedisClient,
  name: string,
  { index, after, limit }: { index: string; after: number; limit: number },
): Promise<ScanPage | undefined> {
  return client.run(async (redis) => {
    const [before, ids] = await Promise.all([
      redis.get(KEYS.sequence(name)),
      redis.zrange(index, `(${after}`, '+inf', 'BYSCORE', 'LIMIT', 0, limit + 1),
    ])
    const rows: TextRow[] = []
    let size = 0
    while (rows.length < Math.min(ids.length, limit) && size < LOOK_BYTES) {
      const some = ids.slice(rows.length, Math.min(rows.length + AT_ONCE, limit))
      const [values, now] = await Promise.all([redis.hmget(KEYS.values(name), ...some), redis.get(KEYS.sequence(name))])
      if (now !== before) return undefined
      for (const [i, id] of some.entries()) {
        const row = toRow(id, values[i] ?? '')
        rows.push(row)
        size += row.text.length
      }
    }
    const last = rows.at(-1)
    return last && rows.length < ids.length ? { rows, next: last.position } : { rows }
  })
}

/** Parts a value from what Redis keeps in front of it. */
export function parseValue(stored: string): { n: number; position: number; text: string } {
  const first = stored.indexOf(' ')
  const second = stored.indexOf(' ', first + 1)
  return {
    n: Number(stored.slice(0, first)),
    position: Number(stored.slice(first + 1, second)),
    text: stored.slice(second + 1),
  }
}

function toRow(id: string, stored: string): TextRow {
  return { id, ...parseValue(stored) }
}

function within(count: number): number {
  return Math.max(1, Math.min(count, MOST_EXAMINED))
}
