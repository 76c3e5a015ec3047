import { createSimulatedClusters } from '../../../src/clusters/simulated/simulated-clusters.ts'
import { clusterConformance } from '../../conformance/cluster.ts'
import { createTestStore, silentLog } from '../../harness/redis.ts'

clusterConformance('simulated', async () => {
  const { store, stop } = await createTestStore()
  const clusters = createSimulatedClusters({ store, log: silentLog(), delays: { startMs: 50 } })
  await clusters.initialise('o-1')
  const controllers = clusters.startControllers()
  return {
    cluster: clusters.open('o-1'),
    async teardown() {
      await controllers.stop()
      await stop()
    },
  }
})
