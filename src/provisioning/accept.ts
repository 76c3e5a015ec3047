import type { OCloudRegistry } from '../clusters/registry-types.ts'
import { ServiceError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { createReading, type Reading } from '../store/reading.ts'
import type { SecretBox } from '../store/store.ts'
import { canonicalJson } from './canonical-json.ts'
import type { Accepted } from './lifecycle.ts'
import { checkQueueOptions, operatorFaults } from './option-rules.ts'
import type { ProvisioningRecord, ProvisioningRequestData, RequestOptions } from './record.ts'
import type { SubmittedRequest } from './service-types.ts'
import type { AcceptedParameters, TemplateCatalogue } from './templates/catalogue-types.ts'
import { hookStep, targetParameter } from './templates/expansion.ts'
import { namespaceFaults } from './templates/namespaces.ts'
import { mergeSecrets, refuse } from './templates/parameters.ts'
import { renderInputs } from './templates/references.ts'
import type { Template } from './templates/template.ts'

export interface AcceptParts {
  catalogue: Pick<TemplateCatalogue, 'find' | 'accept'>
  oClouds: Pick<OCloudRegistry, 'isSimulated'>
  secrets: Pick<SecretBox, 'seal' | 'fingerprint'>
  /** False: requests that make a cluster keep it after a failure, unless they say so themselves. Default true. */
  deleteClusterOnFailure?: boolean
}

/** Keyed hash of a body as it was sent, so that a blind retry is recognised: deep equality, key order ignored. */
export function sentHashOf(
  { data, options }: Pick<SubmittedRequest, 'data' | 'options'>,
  secrets: AcceptParts['secrets'],
): string {
  return secrets.fingerprint(
    canonicalJson({ data: { ...data }, options: options ? { ...options } : null } as JsonObject),
  )
}

/**
 * Validates a POST or PUT against its template (design.md 3.1). Rejects with UNKNOWN_TEMPLATE, TEMPLATE_PARAMETERS, INVALID_OPTIONS.
 * The writeOnly parameters leave `data` and are sealed under the request's reference. Template and O-Clouds are read anew without `reading`.
 */
export async function accept(
  request: SubmittedRequest,
  reference: string,
  before: ProvisioningRecord | undefined,
  { catalogue, oClouds, secrets, deleteClusterOnFailure = true }: AcceptParts,
  reading: Reading = createReading({ anew: true }),
): Promise<Accepted> {
  const template = await catalogue.find(request.data.templateName, request.data.templateVersion, reading)
  const sent = request.canonical ? before?.options : request.options
  const options = deleteClusterOnFailure ? sent : keepingCluster(sent, template)
  const checks = [() => checkSimulatedSteps(options, template), () => checkQueueOptions(options, template)]
  const parameters = await acceptParameters().catch((error: unknown) => {
    throw alsoTelling(error, checks)
  })
  const simulated = await isSimulated(template, parameters, oClouds, reading)
  checkSimulation(options, simulated)
  for (const check of checks) check()
  return {
    data: withoutSecrets(request.data, parameters.secrets),
    options,
    sealed: parameters.secrets && secrets.seal(JSON.stringify(parameters.secrets), reference),
    sentHash: sentHashOf(request, secrets),
    parameters: parameters.parameters,
    oCloudIds: parameters.oCloudIds,
    simulated,
    template,
  }

  async function acceptParameters(): Promise<AcceptedParameters> {
    const given = request.data.templateParameters ?? {}
    const standing = standingTarget(template, before)
    const accepted = await catalogue.accept(template, given, { standing, reading })
    refuse(namespaceFaults(template, mergeSecrets(accepted.parameters, accepted.secrets)))
    return accepted
  }
}

/** Whoever is refused for parameters hears of the options at once. */
function alsoTelling(error: unknown, checks: readonly (() => void)[]): unknown {
  if (!(error instanceof ServiceError) || error.code !== 'TEMPLATE_PARAMETERS') return error
  const more = checks.flatMap((check) => {
    try {
      check()
      return []
    } catch (other) {
      return other instanceof ServiceError ? other.fields : []
    }
  })
  if (more.length === 0) return error
  const fields = [...error.fields, ...more]
  return new ServiceError(error.code, `${fields.length} values are wrong`, { fields })
}

/** The O-Cloud that the request has until now: a PUT that names none does not move it. */
function standingTarget({ parameterSchema }: Template, before: ProvisioningRecord | undefined): string | undefined {
  const parameter = targetParameter(parameterSchema)
  const standing = parameter && before?.parameters[parameter]
  return typeof standing === 'string' ? standing : undefined
}

/** Simulated are requests all of whose targets are: registered O-Clouds by their registration, clusters yet to be made by their driver. */
async function isSimulated(
  template: Template,
  { parameters, secrets, oCloudIds }: AcceptedParameters,
  oClouds: AcceptParts['oClouds'],
  reading: Reading,
): Promise<boolean> {
  const registered = await Promise.all(oCloudIds.map((id) => oClouds.isSimulated(id, reading)))
  const drivers = template.steps
    .filter((step) => step.uses === 'kind-cluster')
    .map(
      (step) =>
        renderInputs(
          { driver: step.with?.driver ?? 'kind' },
          { parameters: mergeSecrets(parameters, secrets), steps: {} },
        ).driver,
    )
  const targets = [...registered, ...drivers.map((driver) => driver === 'simulated')]
  return targets.length > 0 && targets.every(Boolean)
}

/** The setting DELETE_CLUSTER_ON_FAILURE stands in the options from then on, so that everybody sees what a failure will do. */
function keepingCluster(options: RequestOptions | undefined, { steps }: Template): RequestOptions | undefined {
  if (options?.deleteClusterOnFailure !== undefined || !steps.some(({ uses }) => uses === 'kind-cluster'))
    return options
  return { ...options, deleteClusterOnFailure: false }
}

function checkSimulation(options: RequestOptions | undefined, simulated: boolean): void {
  if (options?.simulation && !simulated) {
    throw new ServiceError(
      'INVALID_OPTIONS',
      'options.simulation is for simulated O-Clouds only; this request has a real target',
      {
        fields: [
          { pointer: '/options/simulation', message: 'the target is real: leave it out, or name a simulated O-Cloud' },
        ],
      },
    )
  }
}

function checkSimulatedSteps(options: RequestOptions | undefined, template: Template): void {
  const simulation = options?.simulation
  if (!simulation) return
  const names = template.steps.map((step) => step.name)
  const fields = (['failAt', 'silentAt'] as const).flatMap((key) => {
    const step = simulation[key]
    return step === undefined || names.includes(step)
      ? []
      : [{ pointer: `/options/simulation/${key}`, message: `no such step; the template has ${names.join(', ')}` }]
  })
  for (const hook of Object.keys(simulation.hooks ?? {}))
    if (!names.includes(hookStep(hook)))
      fields.push({ pointer: `/options/simulation/hooks/${hook}`, message: 'is no hook of the template' })
  fields.push(...operatorFaults(simulation.operator, template))
  if (fields.length > 0)
    throw new ServiceError('INVALID_OPTIONS', 'options.simulation names what the template does not have', { fields })
}

function withoutSecrets(data: ProvisioningRequestData, secrets: JsonObject | undefined): ProvisioningRequestData {
  if (!secrets || !data.templateParameters) return data
  return { ...data, templateParameters: without(data.templateParameters, secrets) }
}

/** `value` less every leaf that `taken` has. */
function without(value: JsonObject, taken: JsonObject): JsonObject {
  const entries = Object.entries(value).flatMap(([key, item]) => {
    if (!Object.hasOwn(taken, key)) return [[key, item] as const]
    const inner = taken[key]
    return isObject(item) && isObject(inner) ? [[key, without(item, inner)] as const] : []
  })
  return Object.fromEntries(entries)
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
