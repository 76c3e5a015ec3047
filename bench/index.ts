// `npm run bench`: measures everything and prints Markdown; `npm run bench -- NAME …` parts of it. With `--write` what was measured goes into docs/performance.md as well.
import { write } from './document.ts'
import { type Row, tableOf } from './row.ts'

interface Part {
  title: string
  run(): Promise<Row[]>
}

/** In this order; each starts what it needs and stops it again. */
const PARTS: Record<string, Part> = {
  requests: { title: 'POST and GET one', run: async () => (await import('./requests.ts')).requests() },
  stored: { title: 'With many requests stored', run: async () => (await import('./stored.ts')).stored() },
  lists: { title: 'Lists', run: async () => (await import('./lists.ts')).lists() },
  events: { title: 'Events', run: async () => (await import('./events.ts')).events() },
  delay: { title: 'From a status to the client', run: async () => (await import('./delay.ts')).delay() },
  makespan: { title: 'Makespan', run: async () => (await import('./makespan.ts')).makespan() },
  footprint: { title: 'Memory and start-up', run: async () => (await import('./footprint.ts')).footprint() },
  kind: { title: 'A true cluster', run: async () => (await import('./kind-workload.ts')).kindWorkload() },
}

const given = process.argv.slice(2)
const named = given.filter((name) => name !== '--write')
const unknown = named.filter((name) => !(name in PARTS))
if (unknown.length > 0) {
  process.stderr.write(`no such part: ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}\n`)
  process.exitCode = 1
} else {
  for (const [name, part] of Object.entries(PARTS)) {
    if (named.length > 0 && !named.includes(name)) continue
    const began = performance.now()
    process.stderr.write(`${name} …`)
    const table = await part.run().then(tableOf, (error: unknown) => {
      process.exitCode = 1
      return `Could not be measured: ${error instanceof Error ? error.message : error}`
    })
    process.stderr.write(` ${((performance.now() - began) / 1000).toFixed(0)} s\n`)
    process.stdout.write(`\n### ${part.title}\n\n${table}\n`)
    if (given.includes('--write')) write(name, `### ${part.title}\n\n${table}`)
  }
}
