import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'

const KEY = Buffer.alloc(32).toString('base64')

function errorsOf(env: Record<string, string>): string[] {
  const result = loadConfig({ ENCRYPTION_KEY: KEY, ...env })
  return result.ok ? [] : result.errors
}

describe('the settings of Redis', () => {
  it('name Sentinels and nodes of a Cluster as host:port, IPv6 in brackets', () => {
    const env = { REDIS_URL: 'redis://:pw@redis/2', REDIS_SENTINELS: 's-0.sentinels:26379, [fd00::1]:26380' }
    const result = loadConfig({ ENCRYPTION_KEY: KEY, ...env })
    expect(result).toMatchObject({
      ok: true,
      config: {
        redisSentinelMaster: 'mymaster',
        redisSentinels: [
          { host: 's-0.sentinels', port: 26_379 },
          { host: 'fd00::1', port: 26_380 },
        ],
      },
    })
    expect(errorsOf({ REDIS_URL: 'redis://redis', REDIS_CLUSTER_NODES: '10.0.0.1:7000,10.0.0.2:7000' })).toEqual([])
  })

  it.each(['redis', 'redis:', ':6379', 'redis:0', 'redis:65536', 'redis://a:1', 'fd00::1:6379'])(
    'refuse %s as a server',
    (server) => {
      expect(errorsOf({ REDIS_URL: 'redis://redis', REDIS_SENTINELS: server })).toEqual([
        `REDIS_SENTINELS: "${server}" is not of the form host:port`,
      ])
    },
  )

  it('refuse what does not go together, one line each', () => {
    const sentinels = { REDIS_SENTINELS: 'a:26379' }
    const nodes = { REDIS_CLUSTER_NODES: 'a:6379' }
    const refused = (env: Record<string, string>, line: RegExp) =>
      expect(errorsOf(env)).toEqual([expect.stringMatching(line)])
    refused(sentinels, /^REDIS_SENTINELS: needs REDIS_URL/)
    refused(nodes, /^REDIS_CLUSTER_NODES: needs REDIS_URL/)
    refused({ REDIS_URL: 'redis://a', ...sentinels, ...nodes }, /^REDIS_CLUSTER_NODES: stands beside REDIS_SENTINELS/)
    refused({ REDIS_URL: 'redis://a/1', ...nodes }, /^REDIS_URL: a Redis Cluster has database 0 only/)
    refused({ REDIS_URL: 'redis://a/one' }, /^REDIS_URL: .*number of a database/)
    refused({ REDIS_URL: 'redis://:50%@a' }, /^REDIS_URL: .*%25/)
    refused(
      { REDIS_URL: 'redis://a', REDIS_SENTINEL_PASSWORD: 'geheim' },
      /^REDIS_SENTINEL_PASSWORD: .*REDIS_SENTINELS/,
    )
  })

  it('take authorities for TLS only, and only such as are some', () => {
    expect(errorsOf({ REDIS_URL: 'redis://a', REDIS_TLS_CA_FILE: import.meta.filename })).toEqual([
      'REDIS_TLS_CA_FILE: needs a REDIS_URL that begins with rediss://',
      'REDIS_TLS_CA_FILE: holds no certificate in PEM',
    ])
    expect(errorsOf({ REDIS_URL: 'rediss://a', REDIS_TLS_CA_FILE: '/nowhere' })).toEqual([
      'REDIS_TLS_CA_FILE: the file /nowhere cannot be read',
    ])
  })
})
