import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

const HOLDER = fileURLToPath(new URL('secret-holder.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'o2ims-private-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const SECRET = 'token: very-secret\n'

/** A run that holds a secret; resolves when its child has read it. */
async function start() {
  const child = spawn(process.execPath, [HOLDER, folder], { stdio: ['pipe', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  child.stdin.end(SECRET)
  const [line] = await once(createInterface(child.stdout), 'line')
  const [scratch = '', read] = String(line).split(' ')
  expect(Number(read)).toBe(SECRET.length)
  return {
    scratch,
    async end(signal: NodeJS.Signals) {
      child.kill(signal)
      await gone
    },
  }
}

describe.runIf(process.platform === 'linux')('the files of a run', () => {
  test('F16: are private, its own though two run at once, and gone afterwards', async () => {
    const runs = await Promise.all([start(), start()])
    const scratches = runs.map(({ scratch }) => scratch)
    expect(new Set(scratches).size).toBe(2)
    for (const scratch of scratches) {
      expect(statSync(scratch).mode & 0o777).toBe(0o700)
      expect(statSync(join(scratch, 'rendered.yaml')).mode & 0o777).toBe(0o600)
    }
    // What a child reads its secret from has no name at all.
    expect(readdirSync(folder)).toEqual([])
    await runs[0]?.end('SIGTERM')
    expect(scratches.map((scratch) => existsSync(scratch))).toEqual([false, true])
    await runs[1]?.end('SIGTERM')
    expect(scratches.filter((scratch) => existsSync(scratch))).toEqual([])
  })

  test('F16: that was killed go with the next run', async () => {
    const killed = await start()
    await killed.end('SIGKILL')
    const next = await start()
    expect(existsSync(killed.scratch)).toBe(false)
    expect(existsSync(next.scratch)).toBe(true)
    await next.end('SIGTERM')
    expect(existsSync(next.scratch)).toBe(false)
    expect(readdirSync(folder)).toEqual([])
  })
})
