import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** Processor time that a process has used, in seconds. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const [, , , , , , , , , , , user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  return (user + system) / TICKS_PER_SECOND
}

/** Resident memory in megabytes, of the process alone without its children; what processes share is counted for each. */
export const residentMegabytes = (pid: number): number => statusOf(pid, 'VmRSS')
export const peakMegabytes = (pid: number): number => statusOf(pid, 'VmHWM')

/**
 * Resident memory of processes that run the same program, its file counted once. Not the sum of their PSS: that gets less with every other Node on the machine,
 * the benchmark's own among them.
 */
export function togetherMegabytes(...pids: number[]): number {
  const own = pids.reduce((sum, pid) => sum + statusOf(pid, 'RssAnon') + statusOf(pid, 'RssShmem'), 0)
  return own + Math.max(...pids.map((pid) => statusOf(pid, 'RssFile')))
}

function statusOf(pid: number, field: string): number {
  const kilobytes = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return (Number(kilobytes) * 1024) / 1e6
}
