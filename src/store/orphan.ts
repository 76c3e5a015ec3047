import { readFile, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { isOfThisHost, mayBeAlive, type ProcessIdentity, parseIdentity } from '../process-identity.ts'
import { hasCode } from '../system-error.ts'

const GENTLE_MS = 10_000

/** Ends the server that an earlier service left running when it was killed: two on one append-only file would ruin it (trap 14). */
export async function endOrphan({ pidFile, log }: { pidFile: string; log: Logger }): Promise<void> {
  const text = await readFile(pidFile, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return ''
    throw error
  })
  const orphan = parseIdentity(text)
  if (orphan !== undefined && isOfThisHost(orphan) && mayBeAlive(orphan)) {
    log.info({ pid: orphan.pid }, 'ending the Redis that an earlier service left running')
    await endProcess(orphan, GENTLE_MS)
  }
  await rm(pidFile, { force: true })
}

/** SIGTERM, and SIGKILL when it has not gone after `gentleMs`. Resolves when it has gone. */
export async function endProcess(identity: ProcessIdentity, gentleMs: number): Promise<void> {
  const deadline = performance.now() + gentleMs
  signal(identity, 'SIGTERM')
  while (mayBeAlive(identity) && performance.now() < deadline) await sleep(10)
  if (!mayBeAlive(identity)) return
  signal(identity, 'SIGKILL')
  while (mayBeAlive(identity) && performance.now() < deadline + GENTLE_MS) await sleep(10)
}

function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  if (!mayBeAlive(identity)) return
  try {
    process.kill(identity.pid, name)
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error
  }
}
