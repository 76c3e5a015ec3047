import { Redis, type RedisOptions } from 'ioredis'

const LIMIT_MS = 1500

/** Asks a server something on a connection of its own, with little patience. Rejects with the reason why it is not reached, when it is not. */
export async function askBriefly<T>(server: RedisOptions, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({
    ...server,
    protocol: 2,
    connectTimeout: LIMIT_MS,
    commandTimeout: LIMIT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
    enableReadyCheck: false,
    disableClientInfo: true,
  })
  let reason: Error | undefined
  redis.on('error', (error: Error) => {
    reason ??= error
  })
  try {
    return await question(redis)
  } catch (error) {
    throw reason ?? error
  } finally {
    redis.disconnect()
  }
}
