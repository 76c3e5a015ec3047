import type { Metrics } from '../../telemetry/metrics.ts'
import { annotate, inSpan } from '../../telemetry/spans.ts'
import { interruptionOf } from './interruption.ts'

export interface ObservedStep {
  name: string
  uses: string
  action: 'plan' | 'apply' | 'undo'
}

interface Observer {
  metrics?: Pick<Metrics, 'stepEnded'> | undefined
  signal: AbortSignal
}

/** A span of the run's trace, and a count by kind of step. `failed` says of a result that it is a failure all the same. */
export async function observeStep<T>(
  { name, uses, action }: ObservedStep,
  { metrics, signal }: Observer,
  work: () => Promise<T>,
  resultOf: (done: T) => 'succeeded' | 'skipped' | 'failed' = () => 'succeeded',
): Promise<T> {
  const began = performance.now()
  const end = (result: Parameters<Metrics['stepEnded']>[0]['result']) =>
    metrics?.stepEnded({ uses, action, result }, (performance.now() - began) / 1000)
  return inSpan(`${action} ${uses}`, { attributes: { 'o2ims.step': name, 'o2ims.uses': uses } }, async () => {
    try {
      const done = await work()
      const result = resultOf(done)
      annotate({ 'o2ims.result': result, ...(result === 'failed' && { 'error.type': result }) })
      end(result)
      return done
    } catch (error) {
      const interruption = interruptionOf(error, signal)
      end(interruption && interruption.kind !== 'deadline' ? 'interrupted' : 'failed')
      throw error
    }
  })
}
