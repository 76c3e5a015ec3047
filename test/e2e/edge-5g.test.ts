import { afterAll, beforeAll, describe } from 'vitest'
import { createStore } from '../../src/store/create-store.ts'
import type { Store } from '../../src/store/store.ts'
import { needs } from '../harness/needs.ts'
import { silentLog, startRedis, type TestRedis } from '../harness/redis.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { edge5gRules } from './edge-5g-rules.ts'

describe('edge-5g in the service as it starts', needs('redis'), () => {
  let redis: TestRedis
  let server: TestServer
  let store: Store

  beforeAll(async () => {
    redis = await startRedis()
    server = await startServer({ redisUrl: redis.url })
    store = await createStore({
      address: { url: redis.url },
      key: Buffer.from(server.encryptionKey, 'base64'),
      log: silentLog(),
    })
  })
  afterAll(async () => {
    await store?.close()
    await server?.dispose()
    await redis?.stop()
  })

  edge5gRules({ url: () => server.url, store: () => store, seenWithin: 1_000 })
})
