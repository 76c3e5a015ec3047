import { pino } from 'pino'
import { createKubernetesCluster } from '../../../src/clusters/kubernetes/cluster.ts'
import { clusterConformance } from '../../conformance/cluster.ts'
import { ALL_PARTS, startControlPlane } from '../../harness/control-plane.ts'

clusterConformance(
  'kubernetes',
  async () => {
    const controlPlane = await startControlPlane({ parts: ALL_PARTS })
    await controlPlane.addNode()
    const log = pino({ level: 'silent' })
    const cluster = createKubernetesCluster({ oCloudId: 'under-test', kubeconfig: controlPlane.kubeconfig, log })
    return {
      cluster,
      async teardown() {
        await cluster.close()
        await controlPlane.stop()
      },
    }
  },
  { needs: ['control-plane', 'kwok'] },
)
