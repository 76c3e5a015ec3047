import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { durabilityProblems, isTooOld, takesNoWritesAlone } from '../../src/store/durability.ts'
import type { ExternalRedis } from '../../src/store/redis-address.ts'
import { externalRedis } from '../../src/store/settings.ts'
import { createTestStore, plainConnection, type TestStore } from '../harness/redis.ts'

describe('durabilityProblems', () => {
  it('finds nothing wrong with an append-only Redis that never evicts', () => {
    expect(durabilityProblems('# Memory\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n')).toEqual([])
  })

  it('names eviction and a missing append-only file', () => {
    const problems = durabilityProblems('maxmemory_policy:allkeys-lru\naof_enabled:0\n')
    expect(problems).toEqual([expect.stringContaining('allkeys-lru'), expect.stringContaining('appendonly')])
    expect(durabilityProblems('')).toHaveLength(2)
  })
})

describe('takesNoWritesAlone', () => {
  it('is told by a Redis that wants replicas, and only by one', async () => {
    const test = await createTestStore()
    const redis = plainConnection(test.redis)
    expect(takesNoWritesAlone(await redis.info())).toBe(false)
    await redis.config('SET', 'min-replicas-to-write', '1')
    expect(takesNoWritesAlone(await redis.info())).toBe(true)
    redis.disconnect()
    await test.stop()
  })
})

describe('isTooOld', () => {
  it.each([
    ['5.0.14', true],
    ['6.0.16', true],
    ['6.2.0', false],
    ['7.2.4', false],
    ['10.0.0', false],
  ])('Redis %s: %s', (version, expected) => {
    expect(isTooOld(`# Server\r\nredis_version:${version}\r\n`)).toBe(expected)
  })
})

describe('an external Redis', () => {
  let test: TestStore
  beforeAll(async () => {
    test = await createTestStore()
  })
  afterAll(() => test.stop())

  async function configure(name: string, value: string): Promise<void> {
    const redis = plainConnection(test.redis)
    await redis.config('SET', name, value)
    redis.disconnect()
  }

  it('that is durable is taken', async () => {
    const store = await test.another({ external: { tolerateVolatile: false } })
    await store.close()
  })

  it('that evicts or forgets is refused with what to change, unless that is tolerated', async () => {
    await configure('maxmemory-policy', 'volatile-ttl')
    await configure('appendonly', 'no')
    const refused = test.another({ external: { tolerateVolatile: false } })
    await expect(refused).rejects.toMatchObject({ code: 'PREFLIGHT_FAILED' })
    await expect(refused).rejects.toThrow(/volatile-ttl.*appendonly is no.*REDIS_TOLERATE_VOLATILE/)
    const store = await test.another({ external: { tolerateVolatile: true } })
    await store.ping()
    await store.close()
  })

  it('that is not there is named, with what to do and without its password', async () => {
    const url = 'redis://user:geheim@127.0.0.1:1'
    const nowhere = [{ host: '127.0.0.1', port: 1 }]
    await Promise.all([
      refuses({ url }, /^the Redis at 127\.0\.0\.1:1 does not answer \(.*ECONNREFUSED.*\): see that .* REDIS_URL$/),
      refuses(
        externalRedis({ redisUrl: url, redisSentinels: nowhere }),
        /^the Redis behind the Sentinels does not answer \(.*127\.0\.0\.1:1.*\): see that .* REDIS_SENTINELS$/,
      ),
      refuses(
        externalRedis({ redisUrl: url, redisClusterNodes: nowhere }),
        /^the Redis Cluster does not answer \(.*127\.0\.0\.1:1.*\): see that .* REDIS_CLUSTER_NODES$/,
      ),
    ])
  })

  async function refuses(address: ExternalRedis | undefined, sentence: RegExp): Promise<void> {
    if (address === undefined) throw new Error('no address')
    const refused = test.another({ address })
    await expect(refused).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringMatching(sentence) })
    await expect(refused).rejects.not.toThrow('geheim')
  }
})
