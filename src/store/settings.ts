import { X509Certificate } from 'node:crypto'
import type { HostPort } from './host-port.ts'
import { behindSentinels, type ExternalRedis, inCluster } from './redis-address.ts'

/** The settings that say where Redis is; those of `Config`. */
export interface RedisSettings {
  redisUrl?: string | undefined
  redisTlsCa?: string | undefined
  redisSentinels?: HostPort[] | undefined
  redisSentinelMaster?: string | undefined
  redisSentinelPassword?: string | undefined
  redisClusterNodes?: HostPort[] | undefined
}

/** One line for each setting that does not go with the others. */
export function redisFaults(settings: RedisSettings): string[] {
  const { redisUrl, redisTlsCa, redisSentinels = [], redisSentinelPassword, redisClusterNodes = [] } = settings
  const beside = [
    ...(redisSentinels.length > 0 ? ['REDIS_SENTINELS'] : []),
    ...(redisClusterNodes.length > 0 ? ['REDIS_CLUSTER_NODES'] : []),
    ...(redisTlsCa === undefined ? [] : ['REDIS_TLS_CA_FILE']),
  ]
  if (redisUrl === undefined) {
    return beside.map((name) => `${name}: needs REDIS_URL, e.g. redis://:password@redis, for user, password and TLS`)
  }
  const faults: string[] = []
  const { protocol, pathname, username, password } = new URL(redisUrl)
  if (!isEncoded(username + password)) faults.push('REDIS_URL: a % in user or password must be written as %25')
  if (!/^\/?\d*$/.test(pathname)) faults.push('REDIS_URL: what follows the host must be the number of a database')
  if (redisTlsCa !== undefined) {
    if (protocol !== 'rediss:') faults.push('REDIS_TLS_CA_FILE: needs a REDIS_URL that begins with rediss://')
    if (!holdsCertificate(redisTlsCa)) faults.push('REDIS_TLS_CA_FILE: holds no certificate in PEM')
  }
  if (redisSentinelPassword !== undefined && redisSentinels.length === 0) {
    faults.push('REDIS_SENTINEL_PASSWORD: is of use with REDIS_SENTINELS only')
  }
  if (redisClusterNodes.length > 0) {
    if (redisSentinels.length > 0) faults.push('REDIS_CLUSTER_NODES: stands beside REDIS_SENTINELS; give one of them')
    if (Number(pathname.slice(1)) > 0) faults.push('REDIS_URL: a Redis Cluster has database 0 only')
  }
  return faults
}

/** Where the settings say that Redis is; undefined: it is embedded. */
export function externalRedis(settings: RedisSettings): ExternalRedis | undefined {
  const { redisUrl: url, redisTlsCa: ca, redisSentinels: nodes = [], redisClusterNodes: cluster = [] } = settings
  if (url === undefined) return undefined
  const { redisSentinelMaster: master = 'mymaster', redisSentinelPassword: password } = settings
  if (nodes.length > 0) return behindSentinels({ url, ca }, { nodes, master, password })
  return cluster.length > 0 ? inCluster({ url, ca }, cluster) : { url, ca }
}

function isEncoded(text: string): boolean {
  try {
    return decodeURIComponent(text).length >= 0
  } catch {
    return false
  }
}

function holdsCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}
