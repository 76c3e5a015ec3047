import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a process was like since it was asked last. */
export interface Strain {
  /** Largest resident memory, in bytes. */
  mostBytes: number
  /** Longest time for which its event loop was not free, in milliseconds; 5 or so is what the clock itself adds. */
  longestMs: number
}

/** How a child is started so that it can be asked for its strain. */
export interface Monitor {
  env: Record<string, string>
  ask(pid: number): Promise<Strain>
  remove(): void
}

export function createMonitor(): Monitor {
  const folder = mkdtempSync(join(tmpdir(), 'o2ims-bench-'))
  const file = join(folder, 'strain.json')
  return {
    env: { NODE_OPTIONS: `--import ${join(import.meta.dirname, 'loop-monitor.ts')}`, LOOP_MONITOR: file },
    async ask(pid) {
      rmSync(file, { force: true })
      process.kill(pid, 'SIGUSR2')
      for (let waited = 0; waited < 10_000 && !existsSync(file); waited += 20) await sleep(20)
      return JSON.parse(readFileSync(file, 'utf8'))
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
