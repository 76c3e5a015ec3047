import { z } from 'zod'
import { messageOf, ServiceError } from '../errors.ts'
import type { PlanJob } from '../queue/queues.ts'
import type { Diagnostics } from './diagnostics.ts'
import { type DiagnosticsAnswer, diagnosticsTopic } from './diagnostics-client.ts'
import { abortAt, follow } from './run/interruption.ts'
import { answerPlan, type PlanParts } from './run/make-plan.ts'
import { redactorOf } from './run/secrets.ts'

const question = z.strictObject({ diagnose: z.string() })

/** The worker's side of what the API asks it: a dry run, or a diagnosis. Answers over the feed. */
export async function answerQuestion(
  job: PlanJob,
  shutdown: AbortSignal,
  parts: PlanParts & { diagnostics: Diagnostics },
): Promise<void> {
  const asked = question.safeParse(JSON.parse(parts.store.secrets.open(job.sealed, job.planId)))
  if (!asked.success) return answerPlan(job, shutdown, parts)
  const answer = await diagnosed(asked.data.diagnose, shutdown, parts).catch((error: unknown): DiagnosticsAnswer => {
    if (error instanceof ServiceError && error.code !== 'INTERNAL')
      return { refused: { code: error.code, message: error.message } }
    if (shutdown.aborted) return { refused: { code: 'UNAVAILABLE', message: 'the worker stops; ask again' } }
    parts.log.error({ cause: messageOf(error), err: error }, 'a diagnosis failed')
    return { refused: { code: 'INTERNAL', message: 'no diagnosis could be made; the log of the worker says why' } }
  })
  await parts.store.feed.publish(diagnosticsTopic(job.planId), 'diagnosis', answer)
}

/** Most of the time that the API waits; the rest is for the way. */
const SHARE = 0.8
const LONGEST_MS = 20_000

async function diagnosed(
  id: string,
  shutdown: AbortSignal,
  parts: PlanParts & { diagnostics: Diagnostics },
): Promise<DiagnosticsAnswer> {
  const record = await parts.requests.get(id)
  const limitMs = Math.min(LONGEST_MS, parts.planTimeoutMs * SHARE)
  const stop = follow(shutdown)
  const late = abortAt(new Date(Date.now() + limitMs + 1_000), 'the diagnosis took too long')
  try {
    const looking = { redact: redactorOf(record, parts.store), signal: AbortSignal.any([stop.signal, late.signal]) }
    const found = await parts.diagnostics.look(record, limitMs, looking)
    if (!found) throw new ServiceError('NOT_FOUND', `there is no provisioning request ${id}`)
    return { done: true }
  } finally {
    late.clear()
    stop.release()
  }
}
