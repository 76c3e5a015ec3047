import type { RedisOptions } from 'ioredis'
import type { HostPort } from './host-port.ts'
import { createSlotMasterConnector } from './slot-master.ts'

/** A Redis of somebody else. `url` is redis:// or rediss:// and may hold a password: never log it. */
export interface ExternalRedis {
  url: string
  /** Authorities (PEM) that its certificate is trusted by, instead of the usual ones. */
  ca?: string | undefined
  /** Who knows where the master is; of `url` only user, password, database and TLS count then. */
  sentinel?: { nodes: HostPort[]; master: string; password?: string | undefined } | undefined
  /** Nodes of a Redis Cluster, some of which answer; of `url` only user, password and TLS count then. */
  cluster?: HostPort[] | undefined
}

/** Where Redis listens. */
export type RedisAddress = ExternalRedis | { path: string } | (HostPort & { password: string })

/** The pause before the next try of Sentinel or of the nodes of a Cluster. */
type RetryDelay = (attempt: number) => number

/** The options of a connection to whoever is the master, now and after each loss of the connection. */
export function optionsOf(address: RedisAddress, retryDelay: RetryDelay): RedisOptions {
  if (!('url' in address)) return address
  const { sentinel, cluster } = address
  const access = accessOf(address)
  if (sentinel) {
    const { nodes, master, password } = sentinel
    const tls = access.tls && { enableTLSForSentinelMode: true, sentinelTLS: access.tls }
    const credentials = password === undefined ? {} : { sentinelPassword: password }
    const patience = { sentinelCommandTimeout: 2000, sentinelRetryStrategy: retryDelay }
    return { ...access, ...tls, ...credentials, ...patience, sentinels: nodes, name: master }
  }
  if (cluster) return { ...access, Connector: createSlotMasterConnector({ nodes: cluster, access, retryDelay }) }
  return { ...access, ...placeOf(address.url) }
}

/** The options of a connection to one node beside the master. */
export function optionsOfNode(address: ExternalRedis, node: HostPort): RedisOptions {
  return { ...accessOf(address), db: 0, ...node }
}

/** How one gets in: the same for every node. */
function accessOf({ url, ca }: ExternalRedis): RedisOptions {
  const { protocol, username, password, pathname } = new URL(url)
  const tls = ca === undefined ? {} : { ca }
  return {
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    db: databaseOf(pathname),
    ...(protocol === 'rediss:' && { tls }),
  }
}

function placeOf(url: string): HostPort {
  const { hostname, port } = new URL(url)
  return { host: hostname.replace(/^\[|\]$/g, '') || 'localhost', port: Number(port || 6379) }
}

function databaseOf(pathname: string): number {
  return Number(pathname.slice(1) || 0)
}
