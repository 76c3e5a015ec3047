/** A worker that makes a cluster and prints each stage: started by a test, and killed by it. Arguments: name, reference, run folder. */
import { createKindLifecycle } from '../../../src/clusters/kind/lifecycle.ts'
import { createChildProcesses } from '../../../src/tools/child-processes.ts'
import { createDocker } from '../../../src/tools/docker.ts'
import { createKind } from '../../../src/tools/kind.ts'

const [name = '', reference = '', runDir = ''] = process.argv.slice(2)
const children = createChildProcesses()
const lifecycle = createKindLifecycle({ kind: createKind({ children, runDir }), docker: createDocker(children) })
await lifecycle.create(
  { name, nodeImage: process.env.KIND_NODE_IMAGE, workers: 0, portMappings: [] },
  { reference },
  { run: { reference, step: 'cluster' }, progress: (_, message) => process.stdout.write(`${message}\n`) },
)
