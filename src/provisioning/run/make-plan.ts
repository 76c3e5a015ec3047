import { randomUUID } from 'node:crypto'
import { messageOf, ServiceError } from '../../errors.ts'
import type { PlanJob } from '../../queue/queues.ts'
import { type AcceptParts, accept } from '../accept.ts'
import { created, hasMade, replaced } from '../lifecycle.ts'
import { type PlanAnswer, type PlanQuestion, planTopic } from '../plan-client.ts'
import type { ProvisioningRecord } from '../record.ts'
import type { Plan } from '../service-types.ts'
import { type Change, KNOWN_AFTER_APPLY } from '../steps/step.ts'
import { mergeSecrets } from '../templates/parameters.ts'
import { renderInputs } from '../templates/references.ts'
import type { Template } from '../templates/template.ts'
import { scopeOf } from './pipeline.ts'
import { createRedactor } from './redaction.ts'
import { openSecrets, type RunParts } from './run-request.ts'
import { createStepContext } from './step-context.ts'

export interface PlanParts extends RunParts {
  accept: AcceptParts
  planTimeoutMs: number
}

/** The worker's side of a dry run: makes the plan and answers over the feed. Writes nothing else, anywhere. */
export async function answerPlan(job: PlanJob, parts: PlanParts): Promise<void> {
  const question = JSON.parse(parts.store.secrets.open(job.sealed, job.planId)) as PlanQuestion
  const answer: PlanAnswer = await makePlan(question, parts).then(
    (plan) => ({ plan }),
    (error: unknown) => ({
      refused: {
        code: error instanceof ServiceError ? error.code : ('INTERNAL' as const),
        message: messageOf(error),
        fields: error instanceof ServiceError ? error.fields : [],
      },
    }),
  )
  await parts.store.feed.publish(planTopic(job.planId), 'plan', JSON.parse(JSON.stringify(answer)))
}

async function makePlan({ request, provisioningRequestId }: PlanQuestion, parts: PlanParts): Promise<Plan> {
  const before = provisioningRequestId === undefined ? undefined : await parts.requests.get(provisioningRequestId)
  const reference = before?.reference ?? randomUUID()
  const accepted = await accept(request, reference, before, parts.accept)
  const { record } = before ? replaced(before, accepted, parts.clock) : created(accepted, reference, parts.clock)
  const signal = AbortSignal.timeout(parts.planTimeoutMs)
  const steps: Plan['steps'] = []
  for (const { name, uses } of accepted.template.steps) {
    steps.push({ name, uses, changes: await planStep(record, accepted.template, name, signal, parts) })
  }
  for (const retired of record.retired.filter(hasMade)) {
    const changes = (retired.made?.objects ?? []).filter((object) => object.madeIn !== undefined).map(deletion)
    steps.push({ name: retired.name, uses: retired.uses, changes })
  }
  return { dryRun: true, steps }
}

function deletion({
  apiVersion,
  kind,
  namespace,
  name,
}: {
  apiVersion: string
  kind: string
  namespace?: string
  name: string
}): Change {
  return { action: 'delete', object: { apiVersion, kind, ...(namespace && { namespace }), name } }
}

async function planStep(
  record: ProvisioningRecord,
  template: Template,
  name: string,
  signal: AbortSignal,
  parts: PlanParts,
): Promise<Change[]> {
  const templateStep = template.steps.find((step) => step.name === name)
  const step = templateStep && parts.steps.get(templateStep.uses)
  if (!templateStep || !step)
    throw new ServiceError('INVALID_TEMPLATE', `no step of this service is called ${templateStep?.uses ?? name}`)
  const secrets = openSecrets(record, parts.store)
  const redact = createRedactor(secrets)
  const scope = scopeOf(record, template, mergeSecrets(record.parameters, secrets))
  const inputs = step.inputs.parse(renderInputs(templateStep.with ?? {}, { ...scope, unknown: KNOWN_AFTER_APPLY }))
  const own = record.steps.find((candidate) => candidate.name === name)
  const identity = step.identity?.(inputs)
  const previous =
    own?.identity !== undefined && identity !== undefined && own.identity !== identity ? undefined : own?.made
  const context = createStepContext({
    ports: parts.ports,
    record: () => record,
    step: name,
    signal,
    log: parts.log,
    progress: () => undefined,
    checkpoint: forbidden,
    fence: forbidden,
  })
  try {
    return await step.plan(inputs, previous, context)
  } catch (error) {
    if (error instanceof ServiceError)
      throw new ServiceError(error.code, redact(`${name}: ${error.message}`), { fields: error.fields })
    throw error
  }
}

function forbidden(): Promise<never> {
  return Promise.reject(new ServiceError('INTERNAL', 'a plan writes nothing'))
}
