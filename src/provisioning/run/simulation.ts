import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError } from '../../errors.ts'
import type { SimulationOptions } from '../record.ts'
import type { StepContext } from '../steps/step.ts'

/** How often a delayed step says how far it is. */
const TICK_MS = 1_000

/** Acts out what a request on simulated targets asked for in `options.simulation`, before the step itself runs. */
export async function simulate(options: SimulationOptions | undefined, context: StepContext): Promise<void> {
  if (!options) return
  const { stepDelayMs = 0, failAt, silentAt } = options
  if (silentAt === context.step) await silence(context.signal)
  for (let waited = 0; waited < stepDelayMs; waited += TICK_MS) {
    await sleep(Math.min(TICK_MS, stepDelayMs - waited), undefined, { signal: context.signal })
    // What the step itself says comes next, at the end of the delay.
    if (waited + TICK_MS < stepDelayMs)
      context.progress(Math.floor(((waited + TICK_MS) / stepDelayMs) * 90), 'simulated delay')
  }
  if (failAt === context.step)
    throw new ServiceError('SIMULATED_FAILURE', `the request asked for a failure at ${context.step}`)
}

function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
