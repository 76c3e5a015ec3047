import type { Logger } from 'pino'
import { ServiceError } from '../errors.ts'
import type { RedisClient } from './redis-client.ts'

/** What a Redis must not do to us, from its INFO: sentences, none when it is good (trap 15). */
export function durabilityProblems(info: string): string[] {
  const facts = new Map(info.split(/\r?\n/).map((line) => [line.split(':', 1)[0], line.slice(line.indexOf(':') + 1)]))
  const policy = facts.get('maxmemory_policy') ?? 'unknown'
  const problems: string[] = []
  if (policy !== 'noeviction')
    problems.push(`it may evict our records: maxmemory-policy is ${policy}, must be noeviction`)
  if (facts.get('aof_enabled') !== '1') problems.push('it may lose what was answered: appendonly is no, must be yes')
  return problems
}

/** Older ones lack what our scripts use. */
export function isTooOld(info: string): boolean {
  const [, major = '0', minor = '0'] = /^redis_version:(\d+)\.(\d+)/m.exec(info) ?? []
  return Number(major) < 6 || (Number(major) === 6 && Number(minor) < 2)
}

/** Refuses an external Redis that is too old, or may lose records; warns of the latter when that is tolerated. */
export async function checkDurability(parts: {
  client: RedisClient
  tolerateVolatile: boolean
  log: Logger
}): Promise<void> {
  const info = await parts.client.run((redis) => redis.info())
  if (isTooOld(info)) throw new ServiceError('PREFLIGHT_FAILED', 'the Redis of REDIS_URL is older than 6.2')
  const problems = durabilityProblems(info)
  if (problems.length === 0) return
  if (!parts.tolerateVolatile) {
    const advice = 'change its configuration, or set REDIS_TOLERATE_VOLATILE=true to start all the same'
    throw new ServiceError(
      'PREFLIGHT_FAILED',
      `the Redis of REDIS_URL cannot be trusted: ${problems.join('; ')}. ${advice}`,
    )
  }
  for (const problem of problems)
    parts.log.warn({ problem }, 'requests may be lost: the Redis of REDIS_URL is volatile')
}
