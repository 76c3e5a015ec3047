import type { Redis } from 'ioredis'
import { messageOf, ServiceError } from '../errors.ts'
import { placeText } from './host-port.ts'
import { placeOf, type RedisAddress } from './redis-address.ts'
import type { RedisClient } from './redis-client.ts'

/**
 * Waits for the first answer of Redis. Rejects with UNAVAILABLE when none comes in time; of a Redis of somebody else the sentence names where it was looked for, without the
 * password, why it was not reached, and what to do.
 */
export async function awaitFirstAnswer(parts: {
  redis: Redis
  client: RedisClient
  address: RedisAddress
}): Promise<void> {
  const { redis, client, address } = parts
  let reason: string | undefined
  const onError = (error: Error) => {
    reason = error.message
  }
  redis.on('error', onError)
  try {
    await client.run((connection) => connection.ping())
  } catch (cause) {
    if (!('url' in address) || !(cause instanceof ServiceError && cause.code === 'UNAVAILABLE')) throw cause
    const { where, setting } = whereAbouts(address)
    const advice = `see that it runs and lets this service in, or correct ${setting}`
    throw new ServiceError('UNAVAILABLE', `${where} does not answer (${reason ?? messageOf(cause)}): ${advice}`, {
      cause,
      retryable: true,
    })
  } finally {
    redis.off('error', onError)
  }
}

function whereAbouts({ url, beside }: Extract<RedisAddress, { url: string }>): { where: string; setting: string } {
  if (beside === 'replicas') return { where: 'the Redis behind the Sentinels', setting: 'REDIS_SENTINELS' }
  if (beside === 'cluster') return { where: 'the Redis Cluster', setting: 'REDIS_CLUSTER_NODES' }
  return { where: `the Redis at ${placeText(placeOf(url))}`, setting: 'REDIS_URL' }
}
