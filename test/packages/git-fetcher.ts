/** A worker that reads a package from git: started by a test, and killed by it. Arguments: data folder, repository, ref. The credential comes by standard input. */
import { text } from 'node:stream/consumers'
import { fromGit, gitWorker } from './git-parts.ts'

const [dataDir = '', repository = '', ref = ''] = process.argv.slice(2)
const credential = await text(process.stdin)
const { render } = gitWorker({ dataDir })
await render(fromGit({ repository, ref, credential }), { run: { reference: 'git-fetcher', step: 'workload' } })
