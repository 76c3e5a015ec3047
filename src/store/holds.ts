import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import { mayBeAlive, ownIdentity, type ProcessIdentity } from '../process-identity.ts'
import { KEYS } from './keys.ts'
import { releaseScript, renewScript, takeScript } from './lua/hold.ts'
import type { RedisClient } from './redis-client.ts'

export type Taken = { taken: true } | { taken: false; leftMs: number }

/** Keys in Redis that belong to this process until it lets go or dies: what locks and leases are made of. */
export interface Holds {
  /**
   * `onLost` is called once when the key is not surely ours any more; with `fenced`, only when somebody else has it: one that expired while this process or Redis
   * stood still is taken again.
   */
  take(key: string, onLost: () => void, fenced?: boolean): Promise<Taken>
  /** Never rejects: what cannot be released now expires within leaseMs. */
  release(key: string): Promise<void>
  isHeld(key: string): Promise<boolean>
  /** Lets go of everything. */
  close(): Promise<void>
}

interface Hold {
  onLost: () => void
  fenced: boolean
  /** On the monotonic clock, counted from before the last renewal was sent. */
  validUntil: number
}

const RENEWED_AT_ONCE = 500

export function createHolds({ client, leaseMs, log }: { client: RedisClient; leaseMs: number; log: Logger }): Holds {
  const holder = encodeHolder(ownIdentity())
  const holds = new Map<string, Hold>()
  const tickMs = leaseMs / 5
  let renewing = false
  const timer = setInterval(() => {
    dropExpired()
    if (!renewing && holds.size > 0) void renewAll()
  }, tickMs).unref()

  function lose(key: string): void {
    const hold = holds.get(key)
    if (!hold) return
    holds.delete(key)
    log.warn({ key }, 'a lease was lost')
    hold.onLost()
  }

  /** What would expire before the next look, which may come a little late, is lost now: nobody else has it yet. */
  function dropExpired(): void {
    const soon = performance.now() + tickMs * 1.25
    for (const [key, hold] of holds) if (!hold.fenced && hold.validUntil < soon) lose(key)
  }

  async function renewAll(): Promise<void> {
    renewing = true
    try {
      const keys = [...holds.keys()]
      for (let i = 0; i < keys.length; i += RENEWED_AT_ONCE) await renew(keys.slice(i, i + RENEWED_AT_ONCE))
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'leases cannot be renewed at this moment')
    } finally {
      renewing = false
    }
  }

  async function renew(keys: string[]): Promise<void> {
    const held = new Map<string, Hold>()
    for (const key of keys) {
      const hold = holds.get(key)
      if (hold) held.set(key, hold)
    }
    const validUntil = performance.now() + leaseMs
    const again = [...held.values()].map((hold) => (hold.fenced ? 1 : 0))
    const reply = await client.script(renewScript, [...held.keys()], [holder, leaseMs, ...again])
    const lost = new Set(Array.isArray(reply) ? reply.map(String) : [])
    for (const [key, hold] of held) {
      // Released, or taken anew, while the answer was on its way: not ours to judge.
      if (holds.get(key) !== hold) continue
      if (lost.has(key)) lose(key)
      else hold.validUntil = validUntil
    }
  }

  async function tryTake(key: string, dead: string): Promise<{ current?: string; leftMs: number }> {
    const reply = await client.script(takeScript, [key], [holder, leaseMs, dead])
    const [current, leftMs] = Array.isArray(reply) ? reply : []
    return current === 'OK' ? { leftMs: leaseMs } : { current: String(current), leftMs: Math.max(Number(leftMs), 0) }
  }

  async function release(key: string): Promise<void> {
    holds.delete(key)
    try {
      await client.script(releaseScript, [key, KEYS.feed], [holder])
    } catch (error) {
      log.warn({ key, reason: messageOf(error) }, 'a lease could not be released and expires by itself')
    }
  }

  return {
    async take(key, onLost, fenced = false) {
      const validUntil = performance.now() + leaseMs
      let answer = await tryTake(key, '')
      if (answer.current !== undefined && isDead(answer.current)) answer = await tryTake(key, answer.current)
      if (answer.current !== undefined) return { taken: false, leftMs: answer.leftMs }
      holds.set(key, { onLost, fenced, validUntil })
      return { taken: true }
    },
    release,
    async isHeld(key) {
      const current = await client.run((redis) => redis.get(key))
      return current !== null && !isDead(current)
    },
    async close() {
      clearInterval(timer)
      await Promise.all([...holds.keys()].map(release))
    },
  }
}

function encodeHolder({ host, pid, startTime }: ProcessIdentity): string {
  return [randomUUID(), host, pid, startTime].join('|')
}

function isDead(holder: string): boolean {
  const [, host = '', pid = '', startTime = ''] = holder.split('|')
  return !mayBeAlive({ host, pid: Number(pid), startTime })
}
