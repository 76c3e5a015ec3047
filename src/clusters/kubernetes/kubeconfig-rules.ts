import { ServiceError } from '../../errors.ts'
import { isObject } from '../fields.ts'

const EMBED = 'embed everything: kubectl config view --raw --minify --flatten'

/** Why a field of a cluster or a user cannot be taken. */
const REFUSED_OF_CLUSTER: Record<string, string> = {
  'certificate-authority': `names a file, which this service does not read; ${EMBED}`,
  'proxy-url': 'is not supported; give an address that this service reaches itself',
}
const REFUSED_OF_USER: Record<string, string> = {
  exec: 'runs a program; give the token of a service account instead',
  'auth-provider': 'runs a program; give the token of a service account instead',
  'client-certificate': `names a file, which this service does not read; ${EMBED}`,
  'client-key': `names a file, which this service does not read; ${EMBED}`,
  tokenFile: 'names a file, which this service does not read; give the token itself',
  'token-file': 'names a file, which this service does not read; give the token itself',
  username: 'is basic authentication, which Kubernetes no longer has; give a token or a client certificate',
  password: 'is basic authentication, which Kubernetes no longer has; give a token or a client certificate',
  'as-uid': 'is not supported; only "as" is',
  'as-groups': 'is not supported; only "as" is',
  'as-user-extra': 'is not supported; only "as" is',
}
const TEXTS_OF_CLUSTER = ['certificate-authority-data', 'tls-server-name']
const TEXTS_OF_USER = ['token', 'client-certificate-data', 'client-key-data', 'as']
/** Names that change an object's behaviour once its content is copied. */
const NEVER_A_KEY = ['__proto__', 'constructor', 'prototype']
const BASE64 = ['certificate-authority-data', 'client-certificate-data', 'client-key-data']

/**
 * Looks at every cluster and user, not only at the current context: what is stored and handed to tools shall run no program, read no file and
 * turn no check off, whichever context they choose. Other fields (preferences, extensions, those of other tools) are let through, as by kubectl.
 * @throws ServiceError INVALID_KUBECONFIG with the path of the field, never its content
 */
export function refuseUnusable(config: Record<string, unknown>): void {
  refuseKeys(config)
  if (config.kind !== undefined && config.kind !== 'Config') throw refusal('kind', 'is not Config')
  if (typeof config['current-context'] !== 'string' || config['current-context'] === '') {
    throw refusal('current-context', 'is missing')
  }
  for (const [name, at] of entries(config, 'clusters', 'cluster')) {
    refuseFields(at, name, REFUSED_OF_CLUSTER, TEXTS_OF_CLUSTER)
    refuseServer(at, name)
    if (at['insecure-skip-tls-verify'] !== undefined && at['insecure-skip-tls-verify'] !== false) {
      throw refusal(`${name}.insecure-skip-tls-verify`, 'would give the credentials to anybody; embed the CA instead')
    }
  }
  for (const [name, at] of entries(config, 'users', 'user')) refuseFields(at, name, REFUSED_OF_USER, TEXTS_OF_USER)
  for (const [name, at] of entries(config, 'contexts', 'context')) refuseFields(at, name, {}, ['cluster', 'user'])
}

/** Wherever they stand; without recursion, as depth is the sender's choice. */
function refuseKeys(config: object): void {
  const waiting = [config]
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    for (const [key, inner] of Object.entries(value)) {
      if (NEVER_A_KEY.includes(key)) throw refusal(`a field called ${key}`, 'is not allowed, wherever it stands')
      if (typeof inner === 'object' && inner !== null) waiting.push(inner)
    }
  }
}

function* entries(
  config: Record<string, unknown>,
  list: string,
  inner: string,
): Generator<[string, Record<string, unknown>]> {
  const found = config[list]
  if (!Array.isArray(found)) throw refusal(list, 'is missing, or not a list')
  for (const [index, entry] of found.entries()) {
    const path = `${list}[${index}]`
    if (!isObject(entry) || typeof entry.name !== 'string' || entry.name === '') {
      throw refusal(`${path}.name`, 'is missing')
    }
    const at = entry[inner]
    if (!isObject(at)) throw refusal(`${path}.${inner}`, 'is missing, or not an object')
    yield [`${path}.${inner}`, at]
  }
}

function refuseFields(
  at: Record<string, unknown>,
  path: string,
  refused: Record<string, string>,
  texts: readonly string[],
): void {
  for (const [field, why] of Object.entries(refused)) {
    if (at[field] !== undefined && at[field] !== null) throw refusal(`${path}.${field}`, why)
  }
  for (const field of texts) {
    const value = at[field]
    if (value === undefined || value === null) continue
    if (typeof value !== 'string') throw refusal(`${path}.${field}`, 'is not a text')
    // Both become a header of every request.
    if (!BASE64.includes(field) && !/^[\x21-\x7e]*$/.test(value) && ['token', 'as'].includes(field)) {
      throw refusal(`${path}.${field}`, 'holds characters that a header cannot carry')
    }
    if (BASE64.includes(field) && !/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(value)) {
      throw refusal(`${path}.${field}`, 'is not base64')
    }
  }
}

function refuseServer(at: Record<string, unknown>, path: string): void {
  const { server } = at
  if (typeof server !== 'string' || !URL.canParse(server)) throw refusal(`${path}.server`, 'is not an address')
  const url = new URL(server)
  if (url.protocol !== 'https:') throw refusal(`${path}.server`, 'is not https: credentials would cross the network')
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw refusal(`${path}.server`, 'holds more than a host, a port and a path')
  }
}

function refusal(field: string, why: string): ServiceError {
  return new ServiceError('INVALID_KUBECONFIG', `The kubeconfig cannot be used: ${field} ${why}.`, {
    fields: [{ pointer: '/kubeconfig', message: `${field} ${why}` }],
  })
}
