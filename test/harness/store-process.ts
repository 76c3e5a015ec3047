import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TestStore } from './redis.ts'

/** Another process that opens the store and holds the lock `lock of a child` or the lease `lease of a child`, until it is killed with SIGKILL. */
export async function startStoreProcess(test: TestStore, holds: 'lock' | 'lease'): Promise<{ kill(): Promise<void> }> {
  return startNode(join(import.meta.dirname, 'processes', 'hold.ts'), {
    TEST_REDIS_URL: test.redis.url,
    TEST_KEY: test.key,
    TEST_HOLDS: holds,
  })
}

/** Runs a TypeScript file as a process of its own; resolves when it has printed `ready`. */
export async function startNode(
  file: string,
  env: Record<string, string>,
): Promise<{ pid: number; kill(signal?: NodeJS.Signals): Promise<void> }> {
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk))
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }
  const text = () => Buffer.concat(output).toString()
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
  while (!text().includes('ready')) {
    const more = await Promise.race([
      once(child.stdout, 'data').then(() => true),
      once(child, 'close').then(() => false),
    ])
    if (!more) throw new Error(`${file} ended before it was ready: ${text()}`)
  }
  clearTimeout(timer)
  return { pid: child.pid ?? 0, kill }
}
