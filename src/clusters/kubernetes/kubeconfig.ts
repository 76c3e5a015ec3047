import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { type ConnectionOptions, checkServerIdentity, createSecureContext } from 'node:tls'
// Only the readers: the package as a whole loads every generated model, 0.7 s and 85 MB for what is three functions.
import { newClusters, newContexts, newUsers } from '@kubernetes/client-node/dist/config_types.js'
import { parse } from 'yaml'
import { messageOf, ServiceError } from '../../errors.ts'
import { isObject, listAt, stringAt } from '../fields.ts'
import { refuseUnusable } from './kubeconfig-rules.ts'

/** Where an API server is and how to show who we are. Secret: never logged. */
export interface Target {
  origin: string
  /** What stands before /api and /apis; empty for most, a path where a proxy serves many clusters. */
  basePath: string
  tls: { ca?: string; cert?: string; key?: string } & ServerName
  headers: Record<string, string>
}

/**
 * Reads the current context of a kubeconfig. Everything must stand in the text itself: what runs a program or names a file of this machine
 * is refused wherever it stands, before the library sees it (which reads a `token-file` as soon as it parses).
 * @throws ServiceError INVALID_KUBECONFIG: a sentence that names the field, never what it holds
 */
export function readKubeconfig(text: string): Target {
  const config = parsed(text)
  refuseUnusable(config)
  const context = newContexts(config.contexts).find(({ name }) => name === config['current-context'])
  if (context === undefined) throw unusable('current-context names no context of contexts')
  const cluster = newClusters(config.clusters).find(({ name }) => name === context.cluster)
  if (cluster === undefined) throw unusable('the current context names no cluster of clusters')
  const user = newUsers(config.users).find(({ name }) => name === context.user)
  if (user === undefined) throw unusable('the current context names no user of users')
  if (!user.token && !(user.certData && user.keyData)) {
    throw unusable('the user of the current context has neither token nor client-certificate-data with client-key-data')
  }
  const { origin, pathname } = new URL(cluster.server)
  const tls = {
    ...(cluster.caData && { ca: fromBase64(cluster.caData) }),
    ...(user.certData && user.keyData && { cert: fromBase64(user.certData), key: fromBase64(user.keyData) }),
    ...(cluster.tlsServerName && serverName(cluster.tlsServerName)),
  }
  refuseBadCertificates(tls)
  return {
    origin,
    basePath: pathname.replace(/\/+$/, ''),
    tls,
    headers: {
      ...(user.token && { authorization: `Bearer ${user.token}` }),
      ...(user.impersonateUser && { 'impersonate-user': user.impersonateUser }),
    },
  }
}

/** The same target, where the token does not last: `token` is asked whenever headers are read. */
export function withToken(target: Target, token: (() => string) | undefined): Target {
  if (token === undefined) return target
  return {
    ...target,
    get headers() {
      return { ...target.headers, authorization: `Bearer ${token()}` }
    },
  }
}

type ServerName = Pick<ConnectionOptions, 'servername' | 'checkServerIdentity'>

/** TLS sends no address as a server's name (RFC 6066), but a certificate may be for one. */
function serverName(name: string): ServerName {
  if (isIP(name) === 0) return { servername: name }
  return { checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate) }
}

/**
 * Every secret string of a kubeconfig, in the forms in which a log or a tool could show it: tokens, keys as they stand there, decoded, and
 * line by line. Empty for a text that is no kubeconfig.
 */
export function credentialsOf(text: string): string[] {
  let config: unknown
  try {
    config = parse(text, PARSING)
  } catch {
    // What cannot be read has been accepted nowhere, and nothing in it is used.
    return []
  }
  const found = new Set<string>()
  for (const entry of listAt(config, 'users')) {
    for (const field of ['token', 'password']) addSecret(found, stringAt(entry, 'user', field))
    const key = stringAt(entry, 'user', 'client-key-data')
    addSecret(found, key)
    if (key === undefined) continue
    const pem = fromBase64(key)
    addSecret(found, pem.trim())
    for (const line of pem.split('\n')) if (!line.startsWith('-----')) addSecret(found, line.trim())
  }
  return [...found]
}

const PARSING = { maxAliasCount: 0, logLevel: 'error' } as const
/** Shorter pieces would blot out ordinary words. */
const SHORTEST_SECRET = 4

function addSecret(found: Set<string>, secret: string | undefined): void {
  if (secret !== undefined && secret.length >= SHORTEST_SECRET) found.add(secret)
}

function parsed(text: string): Record<string, unknown> {
  let config: unknown
  try {
    config = parse(text, PARSING)
  } catch (error) {
    throw unusable(`it is not YAML or JSON${placeOf(error)}`)
  }
  if (!isObject(config)) throw unusable('it is not an object with clusters, users and contexts')
  return config
}

/** Line and column only: the parser's own message quotes the text. */
function placeOf(error: unknown): string {
  if (!(error instanceof Error) || !('linePos' in error) || !Array.isArray(error.linePos)) return ''
  const line: unknown = isObject(error.linePos[0]) ? error.linePos[0].line : undefined
  return typeof line === 'number' ? ` (line ${line})` : ''
}

function refuseBadCertificates(tls: Target['tls']): void {
  if (tls.ca !== undefined) {
    check('certificate-authority-data is not a certificate in PEM', () => new X509Certificate(tls.ca ?? ''))
  }
  if (tls.cert !== undefined) {
    check('client-certificate-data is not a certificate in PEM', () => new X509Certificate(tls.cert ?? ''))
    check('client-key-data is not the key of client-certificate-data', () => createSecureContext(tls))
  }
}

function check(refusal: string, attempt: () => unknown): void {
  try {
    attempt()
  } catch (error) {
    // OpenSSL's message names what it missed and holds nothing of the key.
    throw unusable(`${refusal} (${messageOf(error)})`)
  }
}

function fromBase64(data: string): string {
  return Buffer.from(data, 'base64').toString('utf8')
}

function unusable(why: string): ServiceError {
  return new ServiceError('INVALID_KUBECONFIG', `The kubeconfig cannot be used: ${why}.`, {
    fields: [{ pointer: '/kubeconfig', message: why }],
  })
}
