import { attributeName, KEYS, LOOK_BYTES } from './keys.ts'
import { scanScript } from './lua/scan.ts'
import type { RedisClient } from './redis-client.ts'
import { MOST_VALUES, type Scan, type ScanPage, type TextRow } from './scan-types.ts'
import { openValue } from './stored-value.ts'

/** Rows of one page, at most. */
export const MOST_ROWS = 1000
/** Looked into by the script: keeps Redis busy for a millisecond or so, with values of 1 KB. */
const MOST_EXAMINED = 250
/** Values asked for by one command. */
const AT_ONCE = 100

/** One look at a collection (see `Collection.scan`). */
export async function look(client: RedisClient, name: string, scan: Scan): Promise<ScanPage> {
  const { after = 0, where, containing = [] } = scan
  if (where && where.values.length > MOST_VALUES) throw new RangeError(`a scan takes ${MOST_VALUES} values at most`)
  const names = where?.values.map((value) => attributeName(name, where.attribute, value))
  const indexes = names ? [...new Set(names)].map(KEYS.attribute) : [KEYS.index(name)]
  const [index] = indexes
  if (index === undefined) return { rows: [] }
  const limit = within(Math.min(scan.limit, scan.examine), MOST_ROWS)
  if (indexes.length === 1 && containing.length === 0) {
    const page = await readPlainly(client, name, { index, after, limit })
    if (page) return page
  }
  const literals = containing.map((group) => group.map((literal) => literal.toWellFormed()))
  const args = [after, limit, within(scan.examine, MOST_EXAMINED), JSON.stringify(literals)]
  const reply = await client.script(scanScript, [KEYS.values(name), ...indexes], args)
  const [next, ...cells] = Array.isArray(reply) ? reply.map(String) : []
  const rows: TextRow[] = []
  for (let i = 0; i + 1 < cells.length; i += 2) {
    rows.push({ id: cells[i] ?? '', ...openValue(cells[i + 1] ?? '') })
  }
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
    let bytes = 0
    while (rows.length < Math.min(ids.length, limit) && bytes < LOOK_BYTES) {
      const some = ids.slice(rows.length, Math.min(rows.length + AT_ONCE, limit))
      const [values, now] = await Promise.all([redis.hmget(KEYS.values(name), ...some), redis.get(KEYS.sequence(name))])
      if (now !== before) return undefined
      for (const [i, value] of values.entries()) {
        if (value === null) return undefined
        rows.push({ id: some[i] ?? '', ...openValue(value) })
        bytes += value.length
      }
    }
    const last = rows.at(-1)
    return last && rows.length < ids.length ? { rows, next: last.position } : { rows }
  })
}

function within(count: number, most: number): number {
  return Math.max(1, Math.min(count, most))
}
