import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const BIN = fileURLToPath(new URL('../../../bin/o2ims.js', import.meta.url))
export const HOST = '127.0.0.1'
const START_LIMIT_MS = 30_000

/** Resolves when the service that `child` is has become ready. Rejects when it ends before, when it takes too long, or with the reason of `signal`. */
export async function untilReady(server: string, child: ChildProcess, signal: AbortSignal): Promise<void> {
  const failed = once(child, 'error').then(([error]) => Promise.reject(error))
  const exited = once(child, 'exit').then(([code]) => Promise.reject(new Error(`it ended with exit code ${code}`)))
  const limit = AbortSignal.any([signal, AbortSignal.timeout(START_LIMIT_MS)])
  await Promise.race([failed, exited, poll(server, limit)])
}

async function poll(server: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (await isReady(server)) return
    await sleep(100)
  }
  throw new Error(`it is not ready after ${START_LIMIT_MS / 1000} s`)
}

/** Does a service answer there that is ready? */
export async function isReady(server: string): Promise<boolean> {
  try {
    return (await fetch(`${server}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}

/** The port that is wanted, or a free one where something else has it. */
export async function portFor(wanted: number): Promise<number> {
  try {
    return await listenOnce(wanted)
  } catch {
    return listenOnce(0)
  }
}

async function listenOnce(port: number): Promise<number> {
  const probe = createServer()
  probe.listen(port, HOST)
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address ? address.port : port
}
