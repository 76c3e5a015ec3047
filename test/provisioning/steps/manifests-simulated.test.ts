import { manifestDeathRules } from './manifest-death-rules.ts'
import { simulatedWorld } from './simulated-world.ts'

manifestDeathRules(
  'a simulated cluster',
  async () => {
    const { simulated, teardown } = await simulatedWorld()
    await simulated.initialise('edge')
    return { cluster: simulated.open('edge'), teardown }
  },
  { needs: ['redis'] },
)
