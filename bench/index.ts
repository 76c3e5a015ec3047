// `npm run bench -- NAME`: measures, and prints a Markdown table. Each starts what it needs and stops it again.
const BENCHES: Record<string, () => Promise<unknown>> = {
  lists: () => import('./lists.ts'),
  kind: () => import('./kind-workload.ts'),
  makespan: () => import('./makespan.ts'),
}

const [, , name = ''] = process.argv
const bench = BENCHES[name]
if (bench) await bench()
else {
  process.stderr.write(`say which: npm run bench -- ${Object.keys(BENCHES).join(' | ')}\n`)
  process.exitCode = 1
}
