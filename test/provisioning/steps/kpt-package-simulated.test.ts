import { createSimulatedPackages } from '../../../src/packages/simulated.ts'
import { kptPackageRules } from './kpt-package-rules.ts'
import { simulatedWorld } from './simulated-world.ts'

kptPackageRules(
  'a simulated cluster',
  async () => {
    const { simulated, teardown } = await simulatedWorld()
    await simulated.initialise('edge')
    const cluster = simulated.open('edge')
    return {
      cluster,
      packages: createSimulatedPackages(),
      async makeForeign(object) {
        // Without our labels it is somebody else's.
        await cluster.apply(object)
      },
      teardown,
    }
  },
  { needs: ['redis'] },
)
