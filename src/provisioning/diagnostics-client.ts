import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { type Diagnosis, type Diagnostics, diagnosisSchema } from '../diagnostics/schema.ts'
import { ERROR_CODES, type ErrorCode, ServiceError } from '../errors.ts'
import type { Queues } from '../queue/queues.ts'
import type { Store } from '../store/store.ts'
import { COLLECTED, LATEST } from './diagnostics.ts'
import type { Requests } from './requests.ts'
import { waitForAnswer } from './worker-answer.ts'

const CODES = Object.keys(ERROR_CODES) as ErrorCode[]

const answerSchema = z.union([
  z.strictObject({ done: z.literal(true) }),
  z.strictObject({ refused: z.strictObject({ code: z.enum(CODES).catch('INTERNAL'), message: z.string() }) }),
])

/** What a worker answers; the diagnosis itself is kept beside the record, for it is large. */
export type DiagnosticsAnswer = z.infer<typeof answerSchema>

export const diagnosticsTopic = (questionId: string): string => `diagnosis:${questionId}`

export interface DiagnosticsClientParts {
  store: Store
  requests: Requests
  queues: Queues
  planTimeoutMs: number
}

/** The API's side of diagnostics: a worker looks, the API waits for it with a time limit (trap 21), and adds what was kept of a failure. */
export function createDiagnosticsClient(parts: DiagnosticsClientParts): (id: string) => Promise<Diagnostics> {
  const { store, requests, queues, planTimeoutMs } = parts
  return async (id) => {
    await requests.get(id)
    const planId = randomUUID()
    const answer = waitForAnswer(store.feed, diagnosticsTopic(planId), planTimeoutMs, 'the diagnosis')
    try {
      await queues.plan({ planId, sealed: store.secrets.seal(JSON.stringify({ diagnose: id }), planId) })
      const told = answerSchema.parse(await answer.promise)
      if ('refused' in told) throw new ServiceError(told.refused.code, told.refused.message)
    } finally {
      answer.stop()
    }
    const [found, collected] = await Promise.all([kept(requests, id, LATEST), kept(requests, id, COLLECTED)])
    if (!found) throw new ServiceError('NOT_FOUND', `there is no provisioning request ${id}`)
    return { ...found, ...(collected && { collected }) }
  }
}

/** What an older version kept in another shape is as good as nothing. */
async function kept(requests: Requests, id: string, name: string): Promise<Diagnosis | undefined> {
  const text = await requests.collection.attachment(id, name)
  return text === undefined ? undefined : diagnosisSchema.safeParse(JSON.parse(text)).data
}
