import type { RedisOptions } from 'ioredis'
import type { HostPort } from './host-port.ts'
import { type Access, createMasterConnector, type MasterFinder } from './master-connector.ts'
import { createSentinelFinder, type SentinelSettings } from './sentinel.ts'
import { createSlotFinder } from './slot-master.ts'

/** A Redis of somebody else. */
export interface ExternalRedis {
  /** redis:// or rediss://, may hold a password: never log it. With `finder` its host does not count. */
  url: string
  /** Authorities (PEM) that its certificate is trusted by, instead of the usual ones. */
  ca?: string | undefined
  /** Where there are several servers: who is the master. */
  finder?: MasterFinder
  /** The servers beside the master are those that its INFO names, or those of the Cluster. */
  beside?: 'replicas' | 'cluster'
}

/** Where Redis listens. */
export type RedisAddress = ExternalRedis | { path: string } | (HostPort & { password: string })

/** The address of whoever the Sentinels say is the master. */
export function behindSentinels(server: { url: string; ca?: string | undefined }, sentinel: SentinelSettings) {
  const address: ExternalRedis = {
    ...server,
    finder: createSentinelFinder(sentinel, accessOf(server)),
    beside: 'replicas',
  }
  return address
}

/** The address of the node that has our keys in the Redis Cluster that these nodes belong to. */
export function inCluster(server: { url: string; ca?: string | undefined }, nodes: readonly HostPort[]) {
  const address: ExternalRedis = { ...server, finder: createSlotFinder(nodes, accessOf(server)), beside: 'cluster' }
  return address
}

/** The options of a connection that leads to the master, now and after each loss of the connection. */
export function optionsOf(address: RedisAddress, retryDelay: (attempt: number) => number): RedisOptions {
  if (!('url' in address)) return address
  const { finder, url } = address
  const access = accessOf(address)
  if (finder) return { ...access, Connector: createMasterConnector({ finder, access, retryDelay }) }
  return { ...access, ...placeOf(url) }
}

/** How one gets in: the same for every node. */
export function accessOf({ url, ca }: Pick<ExternalRedis, 'url' | 'ca'>): Access {
  const { protocol, username, password, pathname } = new URL(url)
  return {
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    db: Number(pathname.slice(1)),
    ...(protocol === 'rediss:' && { tls: ca === undefined ? {} : { ca } }),
  }
}

/** The host and port of such an address. */
export function placeOf(url: string): HostPort {
  const { hostname, port } = new URL(url)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379) }
}
