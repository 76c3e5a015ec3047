import { isIPv6 } from 'node:net'
import { parse, stringify } from 'yaml'
import { ServiceError } from '../errors.ts'
import { isObject, listAt, stringAt } from './fields.ts'

/** A host, a host with a port, or an https address without a path. */
const SERVER = /^(?:https:\/\/)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+|[0-9A-Fa-f:.]+)(?::(\d{1,5}))?\/?$/

export interface ServerAddress {
  host: string
  /** Absent: that of the kubeconfig. */
  port?: string
}

/** Reads `10.0.0.5`, `edge.example:6443`, `https://[2001:db8::1]:6443`. Undefined when it is none of these. */
export function serverAddress(text: string): ServerAddress | undefined {
  const bare = isIPv6(text) ? `[${text}]` : text
  const [, host, port] = SERVER.exec(bare) ?? []
  if (host === undefined || (port !== undefined && Number(port) > 65_535)) return undefined
  if (!URL.canParse(`https://${host}${port === undefined ? '' : `:${port}`}`)) return undefined
  return { host, ...(port !== undefined && { port }) }
}

/**
 * The kubeconfig (secret) with its current context alone and, where an address is given, with that one in the place of the server's host: the same cluster as somebody
 * else reaches it. The certificate is still checked for the name that it was made for.
 * @throws ServiceError INVALID_KUBECONFIG; no message repeats what the text holds
 */
export function kubeconfigFor(text: string, address?: ServerAddress): { kubeconfig: string; server: string } {
  const config = parsed(text)
  const current = stringAt(config, 'current-context')
  const context = namedIn(config, 'contexts', current, 'context')
  const cluster = namedIn(config, 'clusters', stringAt(context, 'cluster'), 'cluster')
  const user = namedIn(config, 'users', stringAt(context, 'user'), 'user')
  const server = stringAt(cluster, 'server') ?? ''
  if (!URL.canParse(server)) throw unusable('its server is no address')
  const reached = address === undefined ? cluster : readdressed(cluster, new URL(server), address)
  const kubeconfig = stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'o-cloud', cluster: reached }],
    users: [{ name: 'o-cloud', user }],
    contexts: [{ name: 'o-cloud', context: { ...context, cluster: 'o-cloud', user: 'o-cloud' } }],
    'current-context': 'o-cloud',
  })
  return { kubeconfig, server: stringAt(reached, 'server') ?? '' }
}

function readdressed(
  cluster: Record<string, unknown>,
  server: URL,
  { host, port = server.port }: ServerAddress,
): Record<string, unknown> {
  const path = server.pathname.replace(/\/+$/, '')
  const moved = `${server.protocol}//${host}${port === '' ? '' : `:${port}`}${path}`
  const name = cluster['tls-server-name'] ?? server.hostname.replace(/^\[|\]$/g, '')
  return { ...cluster, server: moved, ...(host !== server.hostname && { 'tls-server-name': name }) }
}

/** Whether only this machine itself reaches it. */
export function isLoopback(server: string): boolean {
  if (!URL.canParse(server)) return false
  const { hostname } = new URL(server)
  return hostname === 'localhost' || hostname === '[::1]' || hostname === '0.0.0.0' || hostname.startsWith('127.')
}

function parsed(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0, logLevel: 'error' })
  } catch (error) {
    // The parser's own words quote the text.
    throw unusable(`it is not YAML (${error instanceof Error ? error.name : 'unknown'})`)
  }
}

function namedIn(config: unknown, list: string, name: string | undefined, field: string): Record<string, unknown> {
  const entry = listAt(config, list).find((one) => stringAt(one, 'name') === name)
  const value = isObject(entry) ? entry[field] : undefined
  if (name === undefined || !isObject(value)) throw unusable(`its current context leads to no entry of ${list}`)
  return value
}

function unusable(why: string): ServiceError {
  return new ServiceError('INVALID_KUBECONFIG', `The kubeconfig cannot be used: ${why}.`)
}
