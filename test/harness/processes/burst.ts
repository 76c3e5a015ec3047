import { setTimeout as sleep } from 'node:timers/promises'
import { giveBackIdleMemory, youngBytes } from '../../../src/idle-memory.ts'
import { silentLog } from '../redis.ts'

/** A burst of work, then something that is underway and needs no processor, then rest: prints what the young generation holds after each. */
const LOOKS_UNDERWAY = 3
const GROWN_BYTES = 24 * 1024 * 1024

/** What it holds a moment after the burst: V8 shrinks it by itself when a collection of its own ends about then. */
async function burst(): Promise<number> {
  let alive: object[] = []
  for (let round = 0; round < 30; round += 1) alive = Array.from({ length: 200_000 }, (_, n) => ({ n, round }))
  alive.length = 0
  await sleep(200)
  return youngBytes()
}

let grown = 0
for (let tries = 0; tries < 20 && grown < GROWN_BYTES; tries += 1) grown = await burst()
let looks = 0
let underway = 0
giveBackIdleMemory({
  log: silentLog(),
  lookMs: 100,
  isUnderway() {
    looks += 1
    if (looks <= LOOKS_UNDERWAY) underway = youngBytes()
    return looks <= LOOKS_UNDERWAY
  },
})
const looking = setInterval(() => {
  const rested = youngBytes()
  if (rested > grown / 2) return
  process.stdout.write(JSON.stringify({ grown, underway, rested, looks }))
  clearInterval(looking)
}, 20)
