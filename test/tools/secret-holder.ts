/** A run that hands a secret to a child as a file, and has a private folder with it: started by a test, and killed by it. Argument: run folder. The secret comes by standard input. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { createChildProcesses } from '../../src/tools/child-processes.ts'
import { withScratch } from '../../src/tools/scratch.ts'
import { withSecretFile } from '../../src/tools/secret-file.ts'

const [folder = ''] = process.argv.slice(2)
const secret = await text(process.stdin)
const children = createChildProcesses()
const ended = new AbortController()
process.once('SIGTERM', () => ended.abort())

await withScratch(folder, (path) =>
  withSecretFile(secret, folder, async (descriptor) => {
    writeFileSync(join(path, 'rendered.yaml'), secret, { mode: 0o600 })
    const read = 'wc -c < /proc/self/fd/3'
    const { stdout } = await children.run({ tool: 'sh', args: ['-c', read], timeoutMs: 10_000, files: [descriptor] })
    process.stdout.write(`${path} ${stdout.trim()}\n`)
    await sleep(60_000, undefined, { signal: ended.signal }).catch(() => undefined)
  }),
)
