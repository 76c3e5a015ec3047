import { createSimulatedClusters, type SimulatedClusters } from '../../../src/clusters/simulated/simulated-clusters.ts'
import { createTestStore, silentLog } from '../../harness/redis.ts'

export interface SimulatedWorld {
  simulated: SimulatedClusters
  teardown(): Promise<void>
}

/** Simulated O-Clouds on a real Redis, with their controllers running. */
export async function simulatedWorld(): Promise<SimulatedWorld> {
  const { store, stop } = await createTestStore()
  const delays = { startMs: 20, runMs: 20, createMs: 60 }
  const simulated = createSimulatedClusters({ store, log: silentLog(), delays })
  const controllers = simulated.startControllers()
  return {
    simulated,
    async teardown() {
      await controllers.stop()
      await stop()
    },
  }
}
