import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { createCollection } from './collection.ts'
import { commandConnection, readerConnection } from './connection.ts'
import { checkDurability } from './durability.ts'
import { checkKey } from './encryption-key.ts'
import { createFeed } from './feed.ts'
import { awaitFirstAnswer } from './first-answer.ts'
import { createHolds } from './holds.ts'
import { bringIntoLayout } from './layout.ts'
import { createLeases } from './leases.ts'
import { createLocks } from './locks.ts'
import { createObjectSpaces } from './object-space.ts'
import { createOutbox } from './outbox.ts'
import type { RedisAddress } from './redis-address.ts'
import { createRedisClient } from './redis-client.ts'
import { createSecretBox } from './secret-box.ts'
import type { Store } from './store.ts'

const RELEASE_MS = 1000

export interface StoreParts {
  address: RedisAddress
  /** 32 bytes; seals what is write-only. */
  key: Uint8Array
  log: Logger
  /** After so long without a renewal a lock or lease of a process is free for others. */
  leaseMs?: number
  /** A Redis that is not ours is looked at before it is trusted; present for those only. */
  external?: { tolerateVolatile: boolean }
}

/**
 * Opens the store; its feed is in position when this resolves. Rejects with UNAVAILABLE when Redis does not answer
 * in time, INVALID_ARGS on the wrong key, PREFLIGHT_FAILED when an external Redis cannot be trusted.
 */
export async function createStore({ address, key, log, leaseMs = 10_000, external }: StoreParts): Promise<Store> {
  const secrets = createSecretBox(key)
  const redis = commandConnection(address, log)
  const client = createRedisClient({ redis })
  const reader = readerConnection(address, log)
  try {
    await awaitFirstAnswer({ redis, client, address })
    if (external) await checkDurability({ client, address, log, ...external })
    await checkKey({ client, secrets })
    await bringIntoLayout(client)
    const feed = await createFeed({ client, reader, log })
    const holds = createHolds({ client, leaseMs, log })
    return {
      collection: (name) => createCollection({ client, name }),
      feed,
      locks: createLocks({ holds, feed }),
      leases: createLeases({ holds }),
      secrets,
      outbox: createOutbox({ client }),
      objects: createObjectSpaces({ client, feed }),
      ping: () => client.run((connection) => connection.ping()).then(() => undefined),
      async close() {
        // What cannot be released in time expires by itself: a stop does not wait for a Redis that is away.
        await Promise.race([holds.close(), sleep(RELEASE_MS, undefined, { ref: false })])
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
