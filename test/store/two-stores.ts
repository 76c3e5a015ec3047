import type { Redis } from 'ioredis'
import type { StoreParts } from '../../src/store/create-store.ts'
import type { Store } from '../../src/store/store.ts'
import { createTestStore, plainConnection, type TestStore } from '../harness/redis.ts'

export interface TwoStores extends TestStore {
  /** What another process of the same service has open. */
  other: Store
  /** Works with a third one, which is closed afterwards. */
  withThird(options: Partial<StoreParts>, work: (third: Store) => Promise<void>): Promise<void>
  /** Looks at the keys themselves, or changes them. */
  plainly<T>(work: (redis: Redis) => Promise<T>): Promise<T>
}

/** Two stores on one Redis: what one process holds, another one must not have. */
export async function createTwoStores(): Promise<TwoStores> {
  const one = await createTestStore()
  const other = await one.another()
  return {
    ...one,
    other,
    async withThird(options, work) {
      const third = await one.another(options)
      await work(third).finally(() => third.close())
    },
    async plainly(work) {
      const redis = plainConnection(one.redis)
      return work(redis).finally(() => redis.disconnect())
    },
    async stop() {
      await other.close()
      await one.stop()
    },
  }
}
