import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const BURST = fileURLToPath(new URL('./harness/processes/burst.ts', import.meta.url))
const MB = 1024 * 1024

it('a process that rests after a burst of work gives its young generation back, and none while something is underway', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [BURST], { timeout: 15_000 })
  const { grown, underway, rested, looks } = JSON.parse(stdout)
  expect(grown).toBeGreaterThan(16 * MB)
  expect(underway).toBeGreaterThan(16 * MB)
  expect(looks).toBeGreaterThan(3)
  expect(rested).toBeLessThan(8 * MB)
})
