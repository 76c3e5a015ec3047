import { KEYS } from './keys.ts'
import { foldIndexesScript } from './lua/indexes.ts'
import { moveValuesScript } from './lua/values.ts'
import type { RedisClient } from './redis-client.ts'

const LAYOUT = '3'
const SCANNED_AT_ONCE = 500

/** Data that were written when values stood in their records' hashes, or when indexes knew UUIDs with their case, are brought into today's layout, once. */
export async function bringIntoLayout(client: RedisClient): Promise<void> {
  if ((await client.run((redis) => redis.get(KEYS.layout))) === LAYOUT) return
  let cursor = '0'
  do {
    const [next, keys] = await client.run((redis) =>
      redis.scan(cursor, 'MATCH', `${KEYS.recordPrefix}*`, 'COUNT', SCANNED_AT_ONCE),
    )
    const names = keys.map((key) => key.slice(KEYS.recordPrefix.length))
    await client.script(moveValuesScript, [KEYS.layout], names)
    await client.script(foldIndexesScript, [KEYS.layout], names)
    cursor = next
  } while (cursor !== '0')
  await client.run((redis) => redis.set(KEYS.layout, LAYOUT))
}
