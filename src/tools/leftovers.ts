import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunScope } from '../clusters/lifecycle.ts'
import { ServiceError } from '../errors.ts'
import { mayBeAlive, ownIdentity, type ProcessIdentity, startTimeOf } from '../process-identity.ts'
import { hasCode } from '../system-error.ts'

/**
 * Children carry in their environment which run they belong to and which process started them. All their own children inherit it, and it
 * is there from the first instant: no kill can fall between the start of a child and a record of it. It is found through /proc, so on
 * Linux only; elsewhere nothing is found, and what outlived a killed worker ends by its own time limit.
 */
const RUN = 'O2IMS_RUN'
const PARENT = 'O2IMS_PARENT'

const LOOK_EVERY_MS = 25
const TERM_GRACE_MS = 2_000
const KILL_GRACE_MS = 5_000

interface Marked {
  pid: number
  startTime: string
  run: string
  parent: ProcessIdentity | undefined
}

/** The variables for a new child, and the value that only its own family carries. */
export function markOf(scope: RunScope | undefined): { id: string; env: Record<string, string> } {
  const { reference = '-', step = '-' } = scope ?? {}
  const id = `${encodeURIComponent(reference)}/${encodeURIComponent(step)}/${randomUUID()}`
  const { pid, startTime, host } = ownIdentity()
  return { id, env: { [RUN]: id, [PARENT]: `${pid}:${startTime}:${host}` } }
}

/** Ends what still runs for a request (or for one step of it). Resolves with how many processes there were; UNAVAILABLE when one does not end. */
export function endLeftovers(reference: string, step?: string): Promise<number> {
  const prefix = `${encodeURIComponent(reference)}/${step === undefined ? '' : `${encodeURIComponent(step)}/`}`
  return endAll((marked) => marked.run.startsWith(prefix))
}

/** Ends the family of one child; `graceMs` lies between SIGTERM and SIGKILL. */
export function endFamily(id: string, graceMs: number): Promise<number> {
  return endAll((marked) => marked.run === id, graceMs)
}

/** Ends the children of workers of this machine that are dead: for the start of a worker. */
export function endOrphans(): Promise<number> {
  return endAll((marked) => marked.parent !== undefined && !mayBeAlive(marked.parent))
}

async function endAll(matches: (marked: Marked) => boolean, graceMs = TERM_GRACE_MS): Promise<number> {
  const seen = new Set<string>()
  const started = performance.now()
  for (;;) {
    // Looked up anew each time: a child may have had children since.
    const alive = scan().filter(matches)
    if (alive.length === 0) return seen.size
    const elapsed = performance.now() - started
    if (elapsed > graceMs + KILL_GRACE_MS) {
      const pids = alive.map((marked) => marked.pid).join(', ')
      throw new ServiceError('UNAVAILABLE', `process ${pids} of an earlier run does not end; end it by hand`, {
        retryable: true,
      })
    }
    for (const marked of alive) {
      const key = `${marked.pid}:${marked.startTime}`
      if (!seen.has(key)) signalTo(marked, 'SIGTERM')
      else if (elapsed > graceMs) signalTo(marked, 'SIGKILL')
      seen.add(key)
    }
    await sleep(LOOK_EVERY_MS)
  }
}

function signalTo(marked: Marked, signal: NodeJS.Signals): void {
  // The pid may belong to another process by now.
  if (startTimeOf(marked.pid) !== marked.startTime) return
  try {
    process.kill(marked.pid, signal)
  } catch (error) {
    if (!isGone(error)) throw error
  }
}

function scan(): Marked[] {
  if (process.platform !== 'linux') return []
  const found: Marked[] = []
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    const startTime = startTimeOf(pid)
    const environment = environmentOf(pid)
    const run = environment?.get(RUN)
    if (startTime === undefined || run === undefined) continue
    found.push({ pid, startTime, run, parent: parentOf(environment?.get(PARENT)) })
  }
  return found
}

/** Undefined for a process that is gone or that belongs to another user: never a child of ours. */
function environmentOf(pid: number): Map<string, string> | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/environ`, 'latin1')
  } catch {
    return undefined
  }
  if (!text.includes(`${RUN}=`)) return undefined
  return new Map(text.split('\0').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}

function parentOf(text: string | undefined): ProcessIdentity | undefined {
  const [pid, startTime, ...host] = text?.split(':') ?? []
  if (startTime === undefined || !Number.isInteger(Number(pid))) return undefined
  return { pid: Number(pid), startTime, host: host.join(':') }
}

/** ESRCH: nobody of that number lives. */
export function isGone(error: unknown): boolean {
  return hasCode(error, 'ESRCH')
}
