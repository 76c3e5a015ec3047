import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { messageOf, ServiceError } from '../../errors.ts'
import type { JsonObject } from '../../json.ts'
import { orAborted } from '../../or-aborted.ts'
import type { PlanJob } from '../../queue/queues.ts'
import { type AcceptParts, accept } from '../accept.ts'
import { created, hasMade, identified, replaced } from '../lifecycle.ts'
import { type PlanAnswer, type PlanQuestion, planTopic } from '../plan-client.ts'
import type { ProvisioningRecord } from '../record.ts'
import type { Plan } from '../service-types.ts'
import { parseInputs } from '../steps/parse-inputs.ts'
import { type Change, KNOWN_AFTER_APPLY } from '../steps/step.ts'
import { mergeSecrets } from '../templates/parameters.ts'
import { renderInputs } from '../templates/references.ts'
import type { Template } from '../templates/template.ts'
import { abortAt, follow, interruptionOf } from './interruption.ts'
import { observeStep } from './observe.ts'
import { scopeOf, targetOf } from './pipeline.ts'
import { createRedactor, redactAll } from './redaction.ts'
import type { RunParts } from './run-request.ts'
import { openSecrets } from './secrets.ts'
import { createStepContext } from './step-context.ts'

export interface PlanParts extends RunParts {
  accept: AcceptParts
  planTimeoutMs: number
}

/**
 * The worker's side of a dry run: makes the plan and answers over the feed, without the request's secrets in any text. Writes nothing else,
 * anywhere. Answers early when the worker stops.
 */
export async function answerPlan(job: PlanJob, shutdown: AbortSignal, parts: PlanParts): Promise<void> {
  const question = JSON.parse(parts.store.secrets.open(job.sealed, job.planId)) as PlanQuestion
  const stop = follow(shutdown)
  const limit = abortAt(new Date(Date.now() + parts.planTimeoutMs), 'the time limit of a dry run has passed')
  const signal = AbortSignal.any([stop.signal, limit.signal])
  /** Of the request as it stands and as it would become. */
  const secrets: JsonObject[] = []
  const redact = (text: string) => createRedactor({ secrets })(text)
  try {
    const answer: PlanAnswer = await orAborted(makePlan(question, { ...parts, signal, secrets }), signal).then(
      (plan) => ({ plan }),
      (error: unknown) => ({ refused: refusalOf(error, signal, redact, parts.log) }),
    )
    await parts.store.feed.publish(planTopic(job.planId), 'plan', redactAll(JSON.parse(JSON.stringify(answer)), redact))
  } finally {
    limit.clear()
    stop.release()
  }
}

type Refusal = Extract<PlanAnswer, { refused: unknown }>['refused']

/** What nobody foresaw is for the log, not for the client. */
function refusalOf(error: unknown, signal: AbortSignal, redact: (text: string) => string, log: Logger): Refusal {
  if (error instanceof ServiceError && error.code !== 'INTERNAL')
    return { code: error.code, message: error.message, fields: error.fields }
  const interruption = interruptionOf(error, signal)
  if (interruption?.kind === 'shutdown')
    return { code: 'UNAVAILABLE', message: 'the worker that made the plan stops; send it again', fields: [] }
  if (interruption) return { code: 'TIMEOUT', message: interruption.message, fields: [] }
  const stack = error instanceof Error ? error.stack : undefined
  log.error({ cause: redact(messageOf(error)), stack: stack && redact(stack) }, 'a dry run failed')
  return { code: 'INTERNAL', message: 'the plan could not be made; the log of the worker says why', fields: [] }
}

interface Planning extends PlanParts {
  signal: AbortSignal
  secrets: JsonObject[]
}

async function makePlan({ request, provisioningRequestId }: PlanQuestion, parts: Planning): Promise<Plan> {
  const before = provisioningRequestId === undefined ? undefined : await parts.requests.get(provisioningRequestId)
  if (before) parts.secrets.push(openSecrets(before, parts.store) ?? {})
  const reference = before?.reference ?? randomUUID()
  const accepted = await accept(request, reference, before, parts.accept)
  let { record } = before ? replaced(before, accepted, parts.clock) : created(accepted, reference, parts.clock)
  const secrets = openSecrets(record, parts.store)
  parts.secrets.push(secrets ?? {})
  const parameters = mergeSecrets(record.parameters, secrets)
  const steps: Plan['steps'] = []
  for (const { name, uses } of accepted.template.steps) {
    const planned = await planStep(record, accepted.template, parameters, name, parts)
    record = planned.record
    steps.push({ name, uses, changes: planned.changes })
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
  parameters: JsonObject,
  name: string,
  parts: Planning,
): Promise<{ changes: Change[]; record: ProvisioningRecord }> {
  const templateStep = template.steps.find((step) => step.name === name)
  const step = templateStep && parts.steps.get(templateStep.uses)
  if (!templateStep || !step)
    throw new ServiceError('INVALID_TEMPLATE', `no step of this service is called ${templateStep?.uses ?? name}`)
  const scope = scopeOf(record, template, parameters)
  const rendered = renderInputs(templateStep.with ?? {}, { ...scope, unknown: KNOWN_AFTER_APPLY })
  const inputs = parseInputs(step, rendered)
  const after = identified(record, name, step.identity?.(inputs) ?? targetOf(inputs)).record
  const previous = after.steps.find((candidate) => candidate.name === name)?.made
  const context = createStepContext({
    ports: parts.ports,
    record: () => record,
    step: name,
    signal: parts.signal,
    log: parts.log,
    progress: () => undefined,
    checkpoint: forbidden,
    fence: forbidden,
  })
  try {
    const plan = () => step.plan(inputs, previous, context)
    return { changes: await observeStep({ name, uses: step.uses, action: 'plan' }, parts, plan), record: after }
  } catch (error) {
    if (error instanceof ServiceError)
      throw new ServiceError(error.code, `${name}: ${error.message}`, { fields: error.fields, cause: error })
    throw error
  }
}

function forbidden(): Promise<never> {
  return Promise.reject(new ServiceError('INTERNAL', 'a plan writes nothing'))
}
