import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'

const DOCUMENT = join(import.meta.dirname, '..', 'docs', 'performance.md')

/** Replaces what stands between the markers of that part of docs/performance.md, with when and where it was measured. */
export function write(name: string, markdown: string): void {
  const text = readFileSync(DOCUMENT, 'utf8')
  const [start, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`]
  const from = text.indexOf(start)
  const to = text.indexOf(end)
  if (from < 0 || to < from)
    throw new Error(`${DOCUMENT} has no markers ${start} … ${end}: put them where the table shall stand`)
  writeFileSync(DOCUMENT, `${text.slice(0, from + start.length)}\n${markdown}\n\n${machine()}\n${text.slice(to)}`)
}

function machine(): string {
  const model = cpus()[0]?.model ?? 'unknown processor'
  const load = loadavg()[0]?.toFixed(1)
  const memory = Math.round(totalmem() / 2 ** 30)
  return `Measured ${new Date().toISOString().slice(0, 10)}: ${availableParallelism()} cores of ${model}, ${memory} GiB, Node ${process.versions.node}, load average ${load} at the end.`
}
