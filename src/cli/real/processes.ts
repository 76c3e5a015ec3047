import { type ChildProcess, spawn } from 'node:child_process'
import { open, readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { identityOf, isOfThisHost, mayBeAlive, type ProcessIdentity } from '../../process-identity.ts'
import { CommandFailure } from '../client/failure.ts'
import { BIN } from '../demo/start-service.ts'

const STOP_LIMIT_MS = 15_000

/** Starts the command line as a process that outlives this one; what it says goes to `logFile`. */
export async function startDetached(
  args: readonly string[],
  { env, logFile }: { env: NodeJS.ProcessEnv; logFile: string },
): Promise<{ child: ChildProcess; identity: ProcessIdentity }> {
  const log = await open(logFile, 'a', 0o600)
  try {
    const child = spawn(process.execPath, [BIN, ...args], { detached: true, stdio: ['ignore', log.fd, log.fd], env })
    child.unref()
    const identity = child.pid === undefined ? undefined : identityOf(child.pid)
    if (!identity) throw new CommandFailure(`"o2ims ${args.join(' ')}" does not start`)
    return { child, identity }
  } finally {
    await log.close()
  }
}

/** The process that `startDetached` made with these arguments, by its command line; undefined when there is none, or where there is no /proc. */
export async function findDetached(args: readonly string[]): Promise<ProcessIdentity | undefined> {
  const wanted = [BIN, ...args].join('\0')
  for (const pid of (await unlessGone(readdir('/proc'))) ?? []) {
    if (!/^\d+$/.test(pid)) continue
    const command = await unlessGone(readFile(`/proc/${pid}/cmdline`, 'utf8'))
    if (command?.endsWith(`\0${wanted}\0`)) return identityOf(Number(pid))
  }
  return undefined
}

async function unlessGone<T>(look: Promise<T>): Promise<T | undefined> {
  return look.catch((error: NodeJS.ErrnoException) => {
    // ESRCH: it ended between opening and reading. EACCES: processes of others may be hidden.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(error.code ?? '')) return undefined
    throw error
  })
}

/** False for one of another host, or of this machine before it was started anew: its pid names a stranger here. */
export function isRunning(identity: ProcessIdentity | undefined): identity is ProcessIdentity {
  return identity !== undefined && isOfThisHost(identity) && mayBeAlive(identity)
}

/** Ends a process that was started before, with SIGTERM and then by force. A pid that was given to another process is not touched. */
export async function endProcess(identity: ProcessIdentity | undefined): Promise<void> {
  const until = Date.now() + STOP_LIMIT_MS
  for (let told = false; isRunning(identity); told = true) {
    const late = Date.now() > until
    if (!told || late) signalTo(identity, late ? 'SIGKILL' : 'SIGTERM')
    await sleep(100)
    if (late) return
  }
}

function signalTo({ pid }: ProcessIdentity, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // It has ended in this very moment.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
