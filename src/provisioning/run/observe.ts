import type { Metrics } from '../../telemetry/metrics.ts'
import { annotate, inSpan } from '../../telemetry/spans.ts'
import type { Clock } from '../lifecycle.ts'
import type { ProvisioningRecord } from '../record.ts'
import { interruptionOf } from './interruption.ts'

/** What a worker does for a generation is a span in the trace of what asked for it; a run that goes on after a death is one more there. */
export function observeRun<T>(record: ProvisioningRecord, work: () => Promise<T>): Promise<T> {
  const { provisioningRequestId, reference, generation, data, phase, traceparent = '' } = record
  const attributes = {
    'o2ims.provisioning_request_id': provisioningRequestId,
    'o2ims.reference': reference,
    'o2ims.generation': generation,
    'o2ims.template': `${data.templateName}/${data.templateVersion}`,
  }
  const name = phase === 'DELETING' ? 'remove the request' : 'provision the request'
  return inSpan(name, { kind: 'consumer', parent: traceparent, attributes }, work)
}

/** A generation has come to its end. */
export function observeEnd(
  { phase, error, startedAt }: ProvisioningRecord,
  { metrics, clock }: { metrics?: Pick<Metrics, 'requestEnded'>; clock: Clock },
): void {
  const code = error?.code ?? ''
  annotate({ 'o2ims.phase': phase, ...(error && { 'error.type': code }) })
  const seconds = startedAt === undefined ? 0 : (clock().getTime() - Date.parse(startedAt)) / 1000
  metrics?.requestEnded({ phase, code }, seconds)
}

export interface ObservedStep {
  name: string
  uses: string
  action: 'plan' | 'apply' | 'undo'
}

interface StepObserver {
  metrics?: Pick<Metrics, 'stepEnded'> | undefined
  signal: AbortSignal
}

/** A span of the run's trace, and a count by kind of step. `resultOf` says what it counts as when nothing was thrown. */
export function observeStep<T>(
  { name, uses, action }: ObservedStep,
  { metrics, signal }: StepObserver,
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
