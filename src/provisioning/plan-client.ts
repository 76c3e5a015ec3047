import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { ERROR_CODES, type ErrorCode, ServiceError } from '../errors.ts'
import type { JsonValue } from '../json.ts'
import type { Queues } from '../queue/queues.ts'
import type { Store } from '../store/store.ts'
import { type AcceptParts, accept, sentHashOf } from './accept.ts'
import { checkMatch } from './etag.ts'
import { type Clock, replaced } from './lifecycle.ts'
import type { Made, ProvisioningRecord } from './record.ts'
import type { Requests } from './requests.ts'
import { planSchema } from './schema.ts'
import type { Plan, ProvisioningService, SubmittedRequest } from './service-types.ts'
import type { Change } from './steps/step.ts'
import { waitForAnswer } from './worker-answer.ts'

const CODES = Object.keys(ERROR_CODES) as ErrorCode[]

const planAnswer = z.union([
  z.strictObject({ plan: planSchema }),
  z.strictObject({
    refused: z.strictObject({
      // A code may be of a newer version, or be blotted out like a secret that is called so
      code: z.enum(CODES).catch('INTERNAL'),
      message: z.string(),
      fields: z.array(z.strictObject({ pointer: z.string(), message: z.string() })),
    }),
  }),
])

/** What a worker answers to a dry run, over the feed. */
export type PlanAnswer = z.infer<typeof planAnswer>

/** What a dry run's sealed payload holds. */
export interface PlanQuestion {
  request: SubmittedRequest
  /** Of the request that a PUT would change. */
  provisioningRequestId?: string
}

export const planTopic = (planId: string): string => `plan:${planId}`

export interface PlanClientParts extends AcceptParts {
  store: Store
  requests: Requests
  queues: Pick<Queues, 'plan'>
  planTimeoutMs: number
  clock: Clock
}

/** The API's side of a dry run: the worker has the tools, so it makes the plan; the API waits for it with a time limit (trap 21). */
export function createPlanClient(parts: PlanClientParts): Pick<ProvisioningService, 'plan'> {
  const { store, queues, requests, planTimeoutMs } = parts
  return {
    async plan(request, provisioningRequestId, ifMatch) {
      const before = provisioningRequestId === undefined ? undefined : await requests.get(provisioningRequestId)
      if (before) checkMatch(before, ifMatch)
      const known = before ? undefined : await requests.find(request.data.provisioningRequestId)
      if (known) return planOfKnown(known, request, store)
      const accepted = await accept(request, 'plan', before, parts)
      // What a PUT would refuse is refused here, before a worker is asked.
      if (before) replaced(before, accepted, parts.clock)
      const planId = randomUUID()
      const question: PlanQuestion = { request, ...(provisioningRequestId !== undefined && { provisioningRequestId }) }
      const answer = waitForAnswer(store.feed, planTopic(planId), planTimeoutMs, 'the plan')
      try {
        await queues.plan({ planId, sealed: store.secrets.seal(JSON.stringify(question), planId) })
        return planOf(await answer.promise)
      } finally {
        answer.stop()
      }
    },
  }
}

/** A POST of a known id: the identical body changes nothing, any other is refused. */
function planOfKnown(known: ProvisioningRecord, request: SubmittedRequest, { secrets }: Store): Plan {
  if (known.sentHash === sentHashOf(request, secrets)) {
    return {
      dryRun: true,
      steps: known.steps.map(({ name, uses, made }) => ({ name, uses, changes: unchanged(made) })),
    }
  }
  const { provisioningRequestId } = known
  throw new ServiceError(
    'ALREADY_EXISTS',
    `provisioningRequestId ${provisioningRequestId} is known: a POST would be refused`,
  )
}

/** What stands of a step stays as it is. */
function unchanged(made: Made | undefined): Change[] {
  const standing = (made?.objects ?? []).filter(({ action, intended }) => action !== 'deleted' && !intended)
  return standing.map(({ apiVersion, kind, namespace, name }) => ({
    action: 'none',
    object: { apiVersion, kind, ...(namespace !== undefined && { namespace }), name },
  }))
}

function planOf(data: JsonValue): Plan {
  const answer = planAnswer.safeParse(data)
  if (!answer.success) {
    const why = z.prettifyError(answer.error)
    throw new ServiceError('INTERNAL', `a worker (of another version?) answered something else than a plan: ${why}`)
  }
  if ('plan' in answer.data) return answer.data.plan
  const { code, message, fields } = answer.data.refused
  throw new ServiceError(code, message, { fields })
}
