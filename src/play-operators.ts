import { createKubernetesCluster } from './clusters/kubernetes/cluster.ts'
import { createLogger } from './log.ts'
import { type OperatorsProfile, UPSTREAM } from './operators/profile.ts'
import { FOCOM_MANAGER, startOperators } from './operators/start.ts'

/** Which operator is played: FoCoM on the SMO's cluster, or the o2ims-operator on an edge's. */
export type Played = 'focom' | 'o2ims'

/** As the true ones are built; an edge of kind's has neither Porch nor Cluster API, so the o2ims-operator does without. */
const PROFILES: Record<Played, OperatorsProfile> = {
  focom: { ...(UPSTREAM.focom && { focom: UPSTREAM.focom }), annotations: false },
  o2ims: {
    ...(UPSTREAM.o2ims && { o2ims: { ...UPSTREAM.o2ims, packages: 'when-there' as const } }),
    annotations: false,
  },
}

/**
 * Plays an operator of Nephio's on a real cluster until the signal aborts: for machines that cannot have its image. It is no part of the service, and whoever starts it says that it is played.
 * `kubeconfig` is a secret. Logs JSON lines on standard output. Throws a ServiceError when the kubeconfig cannot be used.
 */
export function playOperator(played: Played, kubeconfig: string, signal: AbortSignal): void {
  const log = createLogger('info').child({ operator: played, played: true })
  const connect = (secret: string, oCloudId: string, fieldManager: string) =>
    createKubernetesCluster({ oCloudId, kubeconfig: secret, log, fieldManager })
  startOperators({
    open: (manager) => connect(kubeconfig, played, manager),
    openRemote: (secret) => connect(secret, 'remote', FOCOM_MANAGER),
    profile: PROFILES[played],
    signal,
    log,
  })
  log.info('this operator is played: it is not the true one')
}
