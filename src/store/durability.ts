import type { Logger } from 'pino'
import { messageOf, ServiceError } from '../errors.ts'
import { askBriefly } from './ask-briefly.ts'
import { COMMAND_TIMEOUT_MS } from './connection.ts'
import { type HostPort, placeText } from './host-port.ts'
import { accessOf, type ExternalRedis, type RedisAddress } from './redis-address.ts'
import type { RedisClient } from './redis-client.ts'
import { nodesOfCluster } from './slot-master.ts'

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

/** Whether a master that is cut off from its replicas refuses writes, which a failover would lose: INFO tells of it only when it is so. */
export function takesNoWritesAlone(info: string): boolean {
  return /^min_slaves_good_slaves:/m.test(info)
}

/** Older ones lack what our scripts use. */
export function isTooOld(info: string): boolean {
  const [, major = '0', minor = '0'] = /^redis_version:(\d+)\.(\d+)/m.exec(info) ?? []
  return Number(major) < 6 || (Number(major) === 6 && Number(minor) < 2)
}

/** What is wrong with one server. */
function problemsOf(info: string): string[] {
  return isTooOld(info) ? ['it is older than 6.2'] : durabilityProblems(info)
}

/**
 * Refuses an external Redis that is too old, or may lose records; warns of the latter when that is tolerated. With Sentinel and in a Cluster every server that may become the
 * master of our keys is looked at.
 */
export async function checkDurability(parts: {
  client: RedisClient
  address: RedisAddress
  tolerateVolatile: boolean
  log: Logger
}): Promise<void> {
  const { client, address, tolerateVolatile, log } = parts
  const info = await client.run((redis) => redis.info())
  if (isTooOld(info)) throw new ServiceError('PREFLIGHT_FAILED', 'the Redis of REDIS_URL is older than 6.2')
  const several = 'url' in address && address.beside !== undefined
  if (several && !takesNoWritesAlone(info)) {
    log.warn(
      { advice: 'set min-replicas-to-write' },
      'the master takes writes without replicas: a failover may lose them',
    )
  }
  const problems = [...durabilityProblems(info), ...(several ? await problemsBeside(address, info, parts) : [])]
  if (problems.length === 0) return
  if (!tolerateVolatile) {
    const advice = 'change its configuration, or set REDIS_TOLERATE_VOLATILE=true to start all the same'
    throw new ServiceError(
      'PREFLIGHT_FAILED',
      `the Redis of REDIS_URL cannot be trusted: ${problems.join('; ')}. ${advice}`,
    )
  }
  for (const problem of problems) log.warn({ problem }, 'requests may be lost: the Redis of REDIS_URL is volatile')
}

/** What is wrong with the servers that the keys may come to. One that is away is looked at by nobody. */
async function problemsBeside(
  address: ExternalRedis,
  info: string,
  { client, log }: { client: RedisClient; log: Logger },
): Promise<string[]> {
  const looks = (await nodesBeside(address, info, client)).map(async (node) => {
    try {
      const found = problemsOf(await askBriefly({ ...accessOf(address), ...node }, (redis) => redis.info()))
      return found.map((problem) => `${placeText(node)}: ${problem}`)
    } catch (error) {
      log.warn({ node, reason: messageOf(error) }, 'a server of Redis could not be looked at')
      return []
    }
  })
  return (await Promise.all(looks)).flat()
}

async function nodesBeside({ beside, finder }: ExternalRedis, info: string, client: RedisClient): Promise<HostPort[]> {
  if (beside === 'replicas') return replicasIn(info)
  if (beside === undefined || finder === undefined) return []
  const master = await finder.find(AbortSignal.timeout(COMMAND_TIMEOUT_MS))
  const all = await client.run((redis) => nodesOfCluster(redis, master))
  return all.filter((node) => placeText(node) !== placeText(master))
}

/** The replicas that a master names in its INFO. */
export function replicasIn(info: string): HostPort[] {
  return [...info.matchAll(/^slave\d+:ip=([^,]+),port=(\d+),/gm)].map(([, host = '', port]) => ({
    host,
    port: Number(port),
  }))
}
