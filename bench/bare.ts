import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** A baseline: a small server in a process of its own, which prints its port once it listens. */
export interface Bare {
  /** Ends with a slash. */
  url: string
  pid: number
  end(): Promise<void>
}

/** @param script a file of this folder */
export async function startBare(script: string, env: Record<string, string> = {}): Promise<Bare> {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, script)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (!child.stdout || child.pid === undefined) throw new Error(`${script} could not be started`)
  const [port] = await once(child.stdout, 'data', { signal: AbortSignal.timeout(30_000) })
  return {
    url: `http://127.0.0.1:${String(port).trim()}/`,
    pid: child.pid,
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill()
      await exited
    },
  }
}
