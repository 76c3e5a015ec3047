/** A worker that starts a child with a child of its own, and waits: started by a test, and killed by it. Arguments: reference, step. */
import { createChildProcesses } from '../../src/tools/child-processes.ts'

const [reference = '', step = ''] = process.argv.slice(2)
await createChildProcesses().run({
  tool: 'sh',
  args: ['-c', 'sleep 300 & echo started; wait'],
  timeoutMs: 60_000,
  run: { reference, step },
  onLine: (line) => process.stdout.write(`${line}\n`),
})
