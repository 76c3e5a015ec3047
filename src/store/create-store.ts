import type { Logger } from 'pino'
import { createCollection } from './collection.ts'
import { commandConnection, type RedisAddress, readerConnection } from './connection.ts'
import { createFeed } from './feed.ts'
import { createHolds } from './holds.ts'
import { createLeases } from './leases.ts'
import { createLocks } from './locks.ts'
import { createObjectSpaces } from './object-space.ts'
import { createRedisClient } from './redis-client.ts'
import { createSecretBox } from './secret-box.ts'
import type { Store } from './store.ts'

export interface StoreParts {
  address: RedisAddress
  /** 32 bytes; seals what is write-only. */
  key: Uint8Array
  log: Logger
  /** After so long without a renewal a lock or lease of a process is free for others. */
  leaseMs?: number
}

/** Opens the store; its feed is in position when this resolves. Rejects with UNAVAILABLE when Redis does not answer in time. */
export async function createStore({ address, key, log, leaseMs = 10_000 }: StoreParts): Promise<Store> {
  const secrets = createSecretBox(key)
  const client = createRedisClient({ redis: commandConnection(address, log) })
  const reader = readerConnection(address, log)
  const ping = () => client.run((redis) => redis.ping()).then(() => undefined)
  try {
    await ping()
    const feed = await createFeed({ client, reader, log })
    const holds = createHolds({ client, leaseMs, log })
    return {
      collection: (name) => createCollection({ client, name }),
      feed,
      locks: createLocks({ holds, feed }),
      leases: createLeases({ holds }),
      secrets,
      objects: createObjectSpaces({ client, feed }),
      ping,
      async close() {
        await holds.close()
        await feed.close()
        client.close()
      },
    }
  } catch (error) {
    client.close()
    reader.disconnect()
    throw error
  }
}
