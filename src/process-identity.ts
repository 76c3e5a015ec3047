import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Which process that is, so that a pid that was given to another process is never mistaken for it. */
export interface ProcessIdentity {
  /** Boot and pid namespace of the machine: a pid means something only there. */
  host: string
  pid: number
  /** Clock ticks after boot (field 22 of /proc/<pid>/stat); empty where there is no /proc. */
  startTime: string
}

/** The identity of this process. */
export function ownIdentity(): ProcessIdentity {
  return { host: hostIdentity(), pid: process.pid, startTime: startTimeOf(process.pid) ?? '' }
}

/** The identity of a process of this host; undefined when it does not run. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  if (!existsNow(pid)) return undefined
  return { host: hostIdentity(), pid, startTime: startTimeOf(pid) ?? '' }
}

/** What JSON.stringify made of an identity; undefined for anything else. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const { host, pid, startTime }: Partial<ProcessIdentity> = JSON.parse(text)
    const whole = typeof host === 'string' && Number.isInteger(pid) && typeof startTime === 'string'
    return whole ? { host, pid: Number(pid), startTime } : undefined
  } catch {
    return undefined
  }
}

/** False for a process of another machine or container, and of this machine before it was started anew. */
export function isOfThisHost(identity: ProcessIdentity): boolean {
  return identity.host === hostIdentity()
}

/** False: certainly dead. A process of another host cannot be looked at from here and counts as alive. */
export function mayBeAlive(identity: ProcessIdentity): boolean {
  if (!isOfThisHost(identity)) return true
  if (!existsNow(identity.pid)) return false
  const startTime = startTimeOf(identity.pid)
  return startTime === undefined ? identity.startTime === '' : startTime === identity.startTime
}

/** Start time of a process in clock ticks after boot; undefined when it does not run, is a zombie, or where there is no /proc. */
export function startTimeOf(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // Field 2 is the command in parentheses and may hold blanks and parentheses itself.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return state === 'Z' || state === 'X' ? undefined : fields[18]
}

let host: string | undefined

function hostIdentity(): string {
  host ??= `${readText('/proc/sys/kernel/random/boot_id')?.trim() ?? hostname()}/${pidNamespace()}`
  return host
}

/** Two containers on one machine have pids of their own. */
function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return hostname()
  }
}

function existsNow(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
