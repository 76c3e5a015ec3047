import { join } from 'node:path'
import type { RedisAddress } from './redis-address.ts'

/** A socket path may have 107 bytes on Linux and 103 elsewhere. */
const MAX_SOCKET_PATH = 100

export function socketPath(folder: string): string | undefined {
  const path = join(folder, 'redis.sock')
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH ? path : undefined
}

/** Where the embedded server listens: its socket, or a loopback port with a password. */
export type EmbeddedAddress = Exclude<RedisAddress, { url: string }>

/** The configuration as redis-server reads it from its standard input: a password in the arguments would be seen by everybody. */
export function embeddedConfig(folder: string, address: EmbeddedAddress): string {
  const listen =
    'path' in address
      ? [`unixsocket ${quoted(address.path)}`, 'unixsocketperm 700', 'port 0']
      : [`bind ${address.host}`, `port ${address.port}`, `requirepass ${quoted(address.password)}`]
  return `${[
    ...listen,
    `dir ${quoted(folder)}`,
    'daemonize no',
    'protected-mode yes',
    'appendonly yes',
    'appendfsync always',
    'save ""',
    'maxmemory-policy noeviction',
    'loglevel warning',
    'always-show-logo no',
  ].join('\n')}\n`
}

/** Quoted as Redis reads it, which is as in JSON for all that a path may hold. */
function quoted(text: string): string {
  return JSON.stringify(text)
}
