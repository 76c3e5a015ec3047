import { readdirSync, readFileSync } from 'node:fs'

/** Processes that still run for a request: their environment says so. */
export function childrenOf(reference: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
        if (!environment.split('\0').some((entry) => entry.startsWith(`O2IMS_RUN=${reference}/`))) return []
        return [
          { pid: Number(pid), command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() },
        ]
      } catch (error) {
        // It ended while we looked.
        if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH', 'EACCES'].includes(String(error.code)))
          return []
        throw error
      }
    })
}
