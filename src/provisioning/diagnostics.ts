import type { Logger } from 'pino'
import { causesOf, explained } from '../diagnostics/causes.ts'
import { diagnose } from '../diagnostics/diagnose.ts'
import type { Diagnosis } from '../diagnostics/schema.ts'
import type { DiagnosePorts } from '../diagnostics/subject.ts'
import { messageOf } from '../errors.ts'
import { subjectOf } from './diagnostics-subject.ts'
import type { Clock } from './lifecycle.ts'
import type { FailureRecord, ProvisioningRecord } from './record.ts'
import type { Requests } from './requests.ts'
import type { StepPorts } from './run/step-context.ts'

/** Names of what is kept beside the record. */
export const COLLECTED = 'collected'
export const LATEST = 'diagnosis'

/** A failing request is undone when this has passed, whatever is known by then. */
const FAILURE_LIMIT_MS = 10_000
/** When everything fails at once there is no time to look into each. */
const MOST_AT_ONCE = 16

type Failure = Pick<FailureRecord, 'code' | 'step' | 'cause'>

interface Looking {
  redact: (text: string) => string
  signal: AbortSignal
}

/** The worker's side of diagnostics: it has the tools and reaches the clusters. */
export interface Diagnostics {
  /** Looks now, and keeps what it found for the answer. Undefined: the request is gone. Rejects when the signal ends it. */
  look(record: ProvisioningRecord, limitMs: number, looking: Looking): Promise<Diagnosis | undefined>
  /**
   * Looks while what failed still stands, keeps what it found with the request, and answers the failure with its true cause in its words. Rejects only with the
   * signal's reason.
   */
  ofFailure<F extends Failure>(record: ProvisioningRecord, failure: F, looking: Looking): Promise<F>
}

export function createDiagnostics({
  requests,
  ports,
  log,
  clock,
}: {
  requests: Requests
  ports: Pick<StepPorts, 'oClouds' | 'lifecycle'>
  log: Logger
  clock: Clock
}): Diagnostics {
  let under = 0
  const reach: DiagnosePorts = {
    open: (oCloudId) => ports.oClouds.open(oCloudId),
    status: (oCloudId) => ports.oClouds.status(oCloudId),
    describe: async (oCloudId) => (await ports.oClouds.get(oCloudId)).value.name,
    lifecycle: ports.lifecycle,
  }

  /** With this request, never with a later one of its id. */
  const keep = ({ provisioningRequestId, reference }: ProvisioningRecord, name: string, found: Diagnosis) =>
    requests.collection.attach(provisioningRequestId, name, JSON.stringify(found), reference)

  return {
    async look(record, limitMs, looking) {
      const found = await diagnose(subjectOf(record), { ...looking, limitMs, ports: reach, clock })
      const kept = await keep(record, LATEST, found)
      return kept ? found : undefined
    },

    async ofFailure(record, failure, looking) {
      const subject = subjectOf(record, failure)
      if (failure.code === 'CANCELLED' || subject.targets.length === 0 || under >= MOST_AT_ONCE) return failure
      under += 1
      try {
        const found = await diagnose(subject, { ...looking, limitMs: FAILURE_LIMIT_MS, ports: reach, clock })
        await keep(record, COLLECTED, found)
        return {
          ...failure,
          cause: explained({ ...failure, ...subject.failure }, causesOf(found.targets, subject.failure)),
        }
      } catch (error) {
        looking.signal.throwIfAborted()
        log.warn({ cause: messageOf(error) }, 'no diagnosis of a failure was kept')
        return failure
      } finally {
        under -= 1
      }
    },
  }
}
