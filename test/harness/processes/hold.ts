import { createStore } from '../../../src/store/create-store.ts'
import { silentLog } from '../redis.ts'

/** Holds a lock or a lease until it is killed; see store-process.ts. */
const { TEST_REDIS_URL = '', TEST_KEY = '', TEST_HOLDS } = process.env
const store = await createStore({
  address: { url: TEST_REDIS_URL },
  key: Buffer.from(TEST_KEY, 'base64'),
  log: silentLog(),
})
const ready = () => process.stdout.write('ready\n')
if (TEST_HOLDS === 'lock') {
  await store.locks.withLock('lock of a child', new AbortController().signal, async () => {
    ready()
    await new Promise((resolve) => setTimeout(resolve, 60_000))
  })
} else if (await store.leases.take('lease of a child')) ready()
