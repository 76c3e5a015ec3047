import { giveBackIdleMemory, youngBytes } from '../../../src/idle-memory.ts'
import { silentLog } from '../redis.ts'

/** A burst of work, and then rest: prints what the young generation holds after each. */
let alive: object[] = []
for (let round = 0; round < 30; round += 1) alive = Array.from({ length: 200_000 }, (_, n) => ({ n, round }))
const grown = youngBytes()
alive = []
giveBackIdleMemory(silentLog(), 50)
const looking = setInterval(() => {
  const rested = youngBytes()
  if (rested > grown / 2) return
  process.stdout.write(JSON.stringify({ grown, rested, alive: alive.length }))
  clearInterval(looking)
}, 20)
