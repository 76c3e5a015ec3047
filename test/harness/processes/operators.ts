import { createInterface } from 'node:readline'
import { createKubernetesCluster } from '../../../src/clusters/kubernetes/cluster.ts'
import type { OperatorsProfile } from '../../../src/operators/profile.ts'
import { FOCOM_MANAGER, startOperators } from '../../../src/operators/start.ts'
import { silentLog } from '../redis.ts'

/** Plays Nephio's operators on a real API server until it is killed or its standard input ends; see operator-process.ts. */
interface Told {
  kubeconfig: string
  profile: OperatorsProfile
}

const log = silentLog()
const input = createInterface({ input: process.stdin })
input.once('line', (line) => {
  const { kubeconfig, profile }: Told = JSON.parse(line)
  const connect = (secret: string, oCloudId: string, fieldManager: string) =>
    createKubernetesCluster({ oCloudId, kubeconfig: secret, log, fieldManager })
  startOperators({
    open: (manager) => connect(kubeconfig, 'here', manager),
    openRemote: (secret) => connect(secret, 'remote', FOCOM_MANAGER),
    profile,
    signal: new AbortController().signal,
    log,
  })
  process.stdout.write('ready\n')
})
// Whoever started it is gone.
input.once('close', () => process.exit(0))
