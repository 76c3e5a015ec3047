import { Redis, type RedisOptions } from 'ioredis'
import type { Logger } from 'pino'
import { optionsOf, type RedisAddress } from './redis-address.ts'

export const COMMAND_TIMEOUT_MS = 5000
/** How long one read of the feed blocks; the socket counts as dead well after that. */
export const BLOCK_MS = 5000

/** Jittered exponential backoff, for ever: Redis comes back some day. */
export function reconnectDelay(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(50 * 2 ** Math.min(attempt, 6), 2000)
  return Math.round(ceiling / 2 + (ceiling / 2) * random())
}

/**
 * For commands that somebody waits for: nothing is queued while Redis is away, and nothing is sent twice. A command
 * whose connection broke is rejected at once (maxRetriesPerRequest 0); whether it was done is then unknown.
 */
export function commandConnection(address: RedisAddress, log: Logger): Redis {
  return connect(address, log, 'command', {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: COMMAND_TIMEOUT_MS + 1000,
    reconnectOnError: isMasterNoMore,
  })
}

/** For the one blocking read of this process. */
export function readerConnection(address: RedisAddress, log: Logger): Redis {
  return connect(address, log, 'reader', {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    socketTimeout: 2 * BLOCK_MS,
    reconnectOnError: isMasterNoMore,
  })
}

/** For adding BullMQ's jobs: somebody waits for the answer. The caller closes it. */
export function bullProducerConnection(address: RedisAddress, log: Logger): Redis {
  return connect(address, log, 'jobs', {
    maxRetriesPerRequest: 1,
    commandTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: COMMAND_TIMEOUT_MS + 1000,
    reconnectOnError: resentToMaster,
  })
}

/** For BullMQ's workers, which want commands that wait for Redis for ever. The caller closes it. */
export function bullConnection(address: RedisAddress, log: Logger): Redis {
  return connect(address, log, 'bull', {
    maxRetriesPerRequest: null,
    socketTimeout: 60_000,
    reconnectOnError: resentToMaster,
  })
}

/** Answers of one that is not, or not yet, the master of our keys: nothing was done. Older ones put the answer of a command into that of the script around it. */
const MASTER_NO_MORE = /(?:^|\s-)(READONLY|MOVED|CLUSTERDOWN|MASTERDOWN|UNBLOCKED)\b/

/** Whether that answer came from one that was the master once: whoever is it now is looked for. */
export function isMasterNoMore(error: Error): boolean {
  return MASTER_NO_MORE.test(error.message)
}

function resentToMaster(error: Error): 2 | false {
  return isMasterNoMore(error) && 2
}

function connect(address: RedisAddress, log: Logger, name: string, options: RedisOptions): Redis {
  const redis = newRedis(optionsOf(address, reconnectDelay), {
    ...options,
    connectionName: `o2ims-${name}`,
    retryStrategy: (attempt) => reconnectDelay(attempt),
  })
  let away = false
  redis.on('error', (error: Error) => {
    if (!away) log.warn({ connection: name, reason: error.message }, 'Redis is away')
    away = true
  })
  redis.on('ready', () => {
    if (away) log.info({ connection: name }, 'Redis is back')
    away = false
  })
  return redis
}

function newRedis(where: RedisOptions, options: RedisOptions): Redis {
  // RESP 3 answers XREAD in another shape, which BullMQ and older servers do not know.
  return new Redis({ ...where, connectTimeout: 5000, protocol: 2, ...options })
}

/** Resolves when a server that is being started answers and has read its data; rejects with the signal's reason. */
export async function whenAnswers(address: RedisAddress, signal: AbortSignal): Promise<void> {
  const options = { maxRetriesPerRequest: null, retryStrategy: () => 20, maxLoadingRetryTime: 200 }
  const redis = newRedis(optionsOf(address, reconnectDelay), options)
  // Refused until it listens; `signal` ends it.
  redis.on('error', () => undefined)
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  try {
    await Promise.race([redis.ping(), aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
    redis.disconnect()
  }
}
