import { ServiceError } from '../errors.ts'
import type { GitCredential, GitRemote } from '../tools/git-remote.ts'

const LONGEST_URL = 2048
const HOST = /^(\[[0-9a-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)$/
/** `git@host:path`, as people write it for ssh. */
const SCP = /^([A-Za-z0-9][A-Za-z0-9._-]*)@([A-Za-z0-9.-]+):(?!\/\/)(.+)$/
const REF = /^[A-Za-z0-9][A-Za-z0-9._/+@-]{0,254}$/
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** What a client, or the operator (then `trusted`), says of a repository. */
export interface RepositorySource {
  repository: string
  /** A token, `username:password`, or a private key for ssh. Secret. */
  credential?: string
  /** Lines of known_hosts. */
  hostKeys?: string
}

/**
 * The repository, checked: https, http or ssh, and nothing in the URL that belongs elsewhere. Of the operator's own (`trusted`) a local path and file:// as well, and the
 * worker's own ssh identity. INVALID_ARGS says what is wrong; the URL is never repeated, it may hold a password.
 */
export function remoteOf(source: RepositorySource, { trusted = false } = {}): GitRemote {
  const { hostKeys } = source
  const { url, scheme, host, username } = addressOf(source.repository, trusted)
  const credential = credentialOf(source.credential)
  if (credential?.kind === 'key' && scheme !== 'ssh') throw refused('a private key is for ssh; for http give a token')
  if (credential?.kind === 'password' && scheme === 'ssh') throw refused('ssh takes a private key as credential')
  if (credential !== undefined && scheme === 'file') throw refused('a repository on this machine takes no credential')
  if (credential !== undefined && scheme === 'http' && !LOOPBACK.test(host))
    throw refused('a credential would travel in the open: use https')
  if (hostKeys !== undefined && scheme !== 'ssh') throw refused('hostKeys are for ssh')
  if (scheme === 'ssh') {
    if (username === '') throw refused('ssh needs a user name: ssh://git@host/path')
    // Whoever may post a request does not act with the keys of the worker.
    if (credential === undefined && !trusted) throw refused('ssh needs a private key as credential')
  }
  return { url, scheme, ...(credential && { credential }), ...(hostKeys !== undefined && { hostKeys }) }
}

/** INVALID_ARGS for what git could take for something else than the name of a tag, a branch or a commit. */
export function checkRef(ref: string): void {
  const sound = REF.test(ref) && !/\.\.|\/\/|@\{|\.lock(\/|$)|\/\.|[/.]$/.test(ref)
  if (!sound) throw refused('ref must be the name of a tag or a branch, or all digits of a commit')
}

/** The directory without `.` and empty parts; '' is the top. INVALID_ARGS for one that climbs out. */
export function directoryOf(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (path.startsWith('/') || parts.includes('..') || parts.includes('.git') || /[\\\0\n\r]/.test(path))
    throw refused('directory must be the path of a folder inside of the repository')
  return parts.join('/')
}

interface Address {
  url: string
  scheme: GitRemote['scheme']
  host: string
  username: string
}

function addressOf(text: string, trusted: boolean): Address {
  if (text.length > LONGEST_URL || /[\s\0\\]/.test(text) || text.startsWith('-'))
    throw refused('repository must be a URL without blanks')
  if (trusted && text.startsWith('/')) return { url: text, scheme: 'file', host: '', username: '' }
  const [, user, server, path] = SCP.exec(text) ?? []
  const written = user === undefined ? text : `ssh://${user}@${server}/${path}`
  const url = URL.canParse(written) ? new URL(written) : undefined
  if (url?.protocol === 'file:' && trusted) return { url: url.href, scheme: 'file', host: '', username: '' }
  if (url === undefined || !/^(https?|ssh):$/.test(url.protocol)) {
    throw refused(`repository must be an https, http or ssh URL${trusted ? ', file:// or an absolute path' : ''}`)
  }
  const { protocol, hostname: host, username, password, search, hash } = url
  if (!HOST.test(host)) throw refused('repository must name a host')
  if (search !== '' || hash !== '') throw refused('repository must have neither ? nor #')
  if (password !== '' || (protocol !== 'ssh:' && username !== ''))
    throw refused('repository must hold no user name and no password: they belong into credential')
  const scheme = protocol === 'https:' ? 'https' : protocol === 'http:' ? 'http' : 'ssh'
  return { url: url.href, scheme, host, username }
}

function credentialOf(text: string | undefined): GitCredential | undefined {
  if (text === undefined) return undefined
  if (/^\s*-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
    return { kind: 'key', key: text.replaceAll('\r\n', '\n').trimStart() }
  if (text === '' || /[\r\n\0]/.test(text))
    throw refused('credential must be a token, username:password, or a private key')
  const colon = text.indexOf(':')
  // Servers that take a token do not look at the name, as long as there is one.
  if (colon < 0) return { kind: 'password', username: 'git', password: text }
  return { kind: 'password', username: text.slice(0, colon), password: text.slice(colon + 1) }
}

function refused(why: string): ServiceError {
  return new ServiceError('INVALID_ARGS', why)
}
