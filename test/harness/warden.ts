import { readFileSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'

/**
 * Runs beside a test as a process of its own. When the test's end of the pipe closes, however the test died, it kills the children
 * that were named and removes the folder. Lines: `child <pid>`, `ended <pid>`, `folder <path>`.
 */
const children = new Map<number, string>()
const folders = new Set<string>()

for await (const line of createInterface({ input: process.stdin })) {
  const [word, rest = ''] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]
  if (word === 'child') children.set(Number(rest), startTime(Number(rest)))
  if (word === 'ended') children.delete(Number(rest))
  if (word === 'folder') folders.add(rest)
}
for (const [pid, started] of children) {
  // Another process may have the number by now.
  if (startTime(pid) === started) kill(pid)
}
for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Field 22 of /proc/<pid>/stat; the same empty answer where there is no /proc. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
