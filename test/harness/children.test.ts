import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const SCRIPT = `
  const { createChildren } = await import(${JSON.stringify(new URL('children.ts', import.meta.url).href)})
  const children = createChildren('o2ims-children-test-')
  const child = children.start('idle', process.execPath, ['-e', 'setInterval(() => undefined, 1000)'])
  process.stdout.write(JSON.stringify({ pid: child.pid, folder: children.folder }) + '\\n')
  setInterval(() => undefined, 1000)
`

test.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)(
  'children and their folder are gone after a test run that ended by %s',
  async (signal) => {
    const run = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = await once(run.stdout, 'data')
    const { pid, folder } = JSON.parse(String(line))
    expect([isRunning(pid), existsSync(folder)]).toEqual([true, true])
    run.kill(signal)
    await once(run, 'exit')
    await expect.poll(() => [isRunning(pid), existsSync(folder)], { timeout: 5_000 }).toEqual([false, false])
  },
)

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch {
    return false
  }
}

/** Ended, but not yet collected by whoever adopted it. */
function isZombie(pid: number): boolean {
  const stat = `/proc/${pid}/stat`
  return existsSync(stat) && readFileSync(stat, 'utf8').split(') ').at(-1)?.startsWith('Z') === true
}
