import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { bullConnection, bullProducerConnection } from './connection.ts'
import { createStore } from './create-store.ts'
import { lockDataDir } from './data-dir-lock.ts'
import { startEmbeddedRedis } from './embedded.ts'
import { keyFromFile, keyOfDataDir } from './encryption-key.ts'
import { BULL_PREFIX } from './keys.ts'
import type { RedisAddress } from './redis-address.ts'
import { externalRedis, type RedisSettings } from './settings.ts'
import type { Store } from './store.ts'

/** The settings that the store needs; those of `Config`. */
export interface StoreSettings extends RedisSettings {
  dataDir: string
  encryptionKey?: Uint8Array
  encryptionKeyFile?: string
  redisTolerateVolatile: boolean
  takeoverSeconds: number
}

export interface OpenStore {
  store: Store
  /** True: Redis is our own child. */
  embedded: boolean
  /** A new connection for BullMQ's workers, which wait for ever; the caller disconnects it. */
  connectQueue(): Redis
  /** A new connection for adding jobs: a command that gets no answer is rejected. */
  connectQueueProducer(): Redis
  /** Prefix of BullMQ's keys. */
  queuePrefix: string
  /** Lets go of locks and leases, then ends the embedded Redis. Close the queue's connections before. */
  close(): Promise<void>
}

/**
 * Opens the store on the Redis of `redisUrl` (or behind its Sentinels, or of a Cluster), or on an embedded one in `dataDir`. Rejects with a ServiceError whose sentence
 * says what to do: IN_USE (another service has this dataDir), PREFLIGHT_FAILED (no redis-server, a volatile Redis),
 * INVALID_ARGS (the wrong key), UNAVAILABLE (Redis does not answer).
 */
export async function openStore({ settings, log }: { settings: StoreSettings; log: Logger }): Promise<OpenStore> {
  /** What has to be undone, newest last. */
  const undo: (() => Promise<void>)[] = []
  async function close(): Promise<void> {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const { address, key } = await openRedis(settings, log, undo)
    const external = settings.redisUrl === undefined ? undefined : { tolerateVolatile: settings.redisTolerateVolatile }
    const store = await createStore({ address, key, log, leaseMs: settings.takeoverSeconds * 1000, external })
    undo.push(() => store.close())
    return {
      store,
      embedded: external === undefined,
      connectQueue: () => bullConnection(address, log),
      connectQueueProducer: () => bullProducerConnection(address, log),
      queuePrefix: BULL_PREFIX,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function openRedis(
  settings: StoreSettings,
  log: Logger,
  undo: (() => Promise<void>)[],
): Promise<{ address: RedisAddress; key: Uint8Array }> {
  const { encryptionKey, encryptionKeyFile, dataDir } = settings
  const given = encryptionKey ?? (encryptionKeyFile === undefined ? undefined : await keyFromFile(encryptionKeyFile))
  const external = externalRedis(settings)
  if (external) {
    if (given === undefined) throw new TypeError('REDIS_URL without an encryption key')
    return { address: external, key: given }
  }
  undo.push(await lockDataDir({ dataDir, log }))
  const key = given ?? (await keyOfDataDir(dataDir))
  const redis = await startEmbeddedRedis({ dataDir, log })
  undo.push(() => redis.close())
  return { address: redis.address, key }
}
