/** A worker that applies a package and prints what stands: started by a test, and killed by it. Arguments: reference, run folder, namespace. The kubeconfig comes by standard input. */
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import { createKubernetesCluster } from '../../src/clusters/kubernetes/cluster.ts'
import { createKptPackages } from '../../src/packages/kpt.ts'
import { createChildProcesses } from '../../src/tools/child-processes.ts'
import { createKpt } from '../../src/tools/kpt.ts'
import { workload } from '../conformance/packages/arena.ts'

const [reference = '', runDir = '', namespace = ''] = process.argv.slice(2)
const kubeconfig = await text(process.stdin)
const cluster = createKubernetesCluster({ oCloudId: 'edge', kubeconfig, log: pino({ level: 'silent' }) })
const packages = createKptPackages({
  kpt: createKpt({ children: createChildProcesses(), runDir }),
  kubeconfigOf: async () => kubeconfig,
})
const never = workload(namespace, 'never', {}, { schedulerName: 'nobody' })
await packages.apply(
  cluster,
  { name: 'never', objects: [never] },
  { id: reference, name: reference, namespace },
  {
    run: { reference, step: 'workload' },
    reconcileTimeoutSeconds: 120,
    onApplied: ({ ref }) => process.stdout.write(`${ref.kind}\n`),
  },
)
