import { openStore } from '../../../src/store/open-store.ts'
import { silentLog } from '../redis.ts'

/** A service with an embedded store that writes one record and stays until it is killed; see store-process.ts. */
const { DATA_DIR = '' } = process.env
const settings = { dataDir: DATA_DIR, redisTolerateVolatile: false, takeoverSeconds: 10 }
const { store } = await openStore({ settings, log: silentLog() })
await store.collection<string>('things').create('a', 'written by the service')
process.stdout.write('ready\n')
setTimeout(() => process.exit(1), 60_000)
