import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { OperatorsProfile } from '../../src/operators/profile.ts'

export interface OperatorProcess {
  readonly pid: number
  /** SIGKILL, unless told otherwise; waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<void>
}

/**
 * Nephio's operators, as src/operators plays them, in a process of their own on the API server of that kubeconfig, which goes through the standard
 * input. Resolves when they run. They also end when this process does, however it ends.
 */
export async function startOperatorProcess(told: {
  kubeconfig: string
  profile: OperatorsProfile
}): Promise<OperatorProcess> {
  const file = join(import.meta.dirname, 'processes', 'operators.ts')
  const child = spawn(process.execPath, [file], { env: { PATH: process.env.PATH }, stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.write(`${JSON.stringify(told)}\n`)
  const ready = await Promise.race([
    once(child.stdout, 'data').then(() => true),
    once(child, 'close').then(() => false),
  ])
  if (!ready) throw new Error('the operators ended before they were ready')
  return {
    pid: child.pid ?? 0,
    async kill(signal = 'SIGKILL') {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill(signal)
      await exited
    },
  }
}
