import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { messageOf, ServiceError } from '../errors.ts'
import { COMMAND_TIMEOUT_MS, isMasterNoMore, reconnectDelay } from './connection.ts'

export interface Script {
  readonly sha: string
  readonly lua: string
}

export type Reply = string | number | null | Reply[]

/** Commands with a time limit, on a connection that may be away. */
export interface RedisClient {
  /**
   * Rejects with ServiceError UNAVAILABLE (retryable) when Redis is away, INTERNAL when it refuses the command. Called again when the server turns out to be the master no
   * more: only the last of several commands may write.
   */
  run<T>(command: (redis: Redis) => Promise<T>): Promise<T>
  /** Runs a script, sent in full only when Redis does not know it yet. */
  script(script: Script, keys: string[], args: (string | number)[]): Promise<Reply>
  close(): void
}

export function defineScript(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') }
}

/** For a script that answers a list. */
export function asList(reply: Reply): Reply[] {
  if (Array.isArray(reply)) return reply
  throw new TypeError('a script of the store answered no list')
}

/** Calls that wait for a connection at one time; more are refused at once. */
const MAX_WAITING = 10_000

export function createRedisClient({
  redis,
  waitMs = COMMAND_TIMEOUT_MS,
}: {
  redis: Redis
  waitMs?: number
}): RedisClient {
  let awaySince = performance.now()
  let waiting = 0
  let back: Promise<void> | undefined
  let wasReady = false
  redis.on('ready', () => {
    wasReady = true
  })
  redis.on('close', () => {
    if (wasReady) awaySince = performance.now()
    wasReady = false
  })

  /** Shared by all who wait, so that an outage costs one listener. */
  function becomesReady(): Promise<void> {
    back ??= new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => finish(() => reject(away('not connected'))), waitMs)
      const onReady = () => finish(resolve)
      const onEnd = () => finish(() => reject(away('the connection is closed')))
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        redis.off('ready', onReady).off('end', onEnd)
        back = undefined
        settle()
      }
      redis.on('ready', onReady).on('end', onEnd)
    })
    return back
  }

  async function becomesReadyInTime(): Promise<void> {
    if (redis.status === 'end') throw away('the connection is closed')
    // An outage that has lasted longer than a call may take is not waited for again.
    if (back === undefined && performance.now() - awaySince > waitMs) throw away('not connected')
    if (waiting >= MAX_WAITING) throw away('too many calls wait for it')
    waiting += 1
    try {
      await becomesReady()
    } finally {
      waiting -= 1
    }
  }

  async function run<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    const giveUp = performance.now() + waitMs
    for (let attempt = 1; ; attempt += 1) {
      if (redis.status !== 'ready') await becomesReadyInTime()
      try {
        holdBack(redis.stream)
        return await command(redis)
      } catch (error) {
        // Refused by one that was the master, or not sent at all, since the connection to that one is being given up.
        const undone = error instanceof Error && (isMasterNoMore(error) || NOT_SENT.test(error.message))
        if (!undone || performance.now() > giveUp) throw asServiceError(error)
        await sleep(reconnectDelay(attempt))
      }
    }
  }

  return {
    run,
    script(script, keys, args) {
      return run(async (connection) => {
        try {
          return toReply(await connection.evalsha(script.sha, keys.length, ...keys, ...args))
        } catch (error) {
          if (!messageOf(error).startsWith('NOSCRIPT')) throw error
          return toReply(await connection.eval(script.lua, keys.length, ...keys, ...args))
        }
      })
    },
    close() {
      redis.disconnect()
    },
  }
}

/** What is sent before the event loop turns goes out in one write: with many clients the system calls cost more than the commands. */
function holdBack(stream: Redis['stream']): void {
  if (stream.writableCorked > 0) return
  stream.cork()
  setImmediate(() => stream.uncork())
}

/** Answers of Redis that say "not now" rather than "wrong". */
const NOT_NOW =
  /(?:^|\s-)(LOADING|READONLY|MISCONF|OOM|MASTERDOWN|MOVED|ASK|CLUSTERDOWN|TRYAGAIN|BUSY|NOREPLICAS|NOAUTH|WRONGPASS|NOPERM|UNKILLABLE)\b/
/** What ioredis says of a command on a connection that is closing. */
const NOT_SENT = /^Stream isn't writeable/

function asServiceError(error: unknown): unknown {
  if (error instanceof ServiceError || !(error instanceof Error)) return error
  if (error.name === 'ReplyError' && !NOT_NOW.test(error.message)) {
    return new ServiceError('INTERNAL', `Redis refused a command: ${error.message}`, { cause: error })
  }
  // ioredis tells its reader to look up an option; ours wants to know what happened.
  return away(error.name === 'MaxRetriesPerRequestError' ? 'the connection broke' : error.message, error)
}

function away(reason: string, cause?: unknown): ServiceError {
  return new ServiceError('UNAVAILABLE', `the store does not answer (${reason}); try again`, {
    cause,
    retryable: true,
    retryAfter: 2,
  })
}

function toReply(raw: unknown): Reply {
  if (typeof raw === 'string' || typeof raw === 'number' || raw === null) return raw
  if (Array.isArray(raw)) return raw.map(toReply)
  throw new TypeError(`unexpected reply of type ${typeof raw}`)
}
