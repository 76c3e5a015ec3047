import type { Logger } from 'pino'
import { ServiceError } from '../../errors.ts'
import { createKeptRecords } from '../../store/kept-records.ts'
import { createReading, type Reading } from '../../store/reading.ts'
import { AlreadyExists, StillReferenced, type Store, VersionConflict } from '../../store/store.ts'
import { TEMPLATES } from '../requests.ts'
import type { TemplateCatalogue } from './catalogue-types.ts'
import { expanded } from './expansion.ts'
import { acceptParameters } from './parameters.ts'
import { checkTemplate } from './publishing.ts'
import type { StepRegistry } from './step-rules.ts'
import { checkTarget, type LabelledOCloud, withTarget } from './target-choice.ts'
import type { Template } from './template.ts'
import { createValidatorCache } from './validator-cache.ts'

export interface CatalogueParts {
  store: Store
  stepRegistry: StepRegistry
  /** Id or name of an O-Cloud to its id. */
  resolveOCloud: (idOrName: string, reading: Reading) => Promise<string | undefined>
  /** All that are registered, for target selectors; none when absent. */
  listOClouds?: () => Promise<readonly LabelledOCloud[]>
  log: Logger
}

/** How many templates are looked through for the versions that an error names. */
const SEARCHED = 1000
const NAMED = 20
const MOST_KEPT = 200
/** So that a failover that lost a template is seen in the feed (kept-records.ts). */
const PUBLISHED = [{ event: 'published', data: null }]

/** The published templates. They are immutable, so that a request that runs for hours, or is retried next year, means what it meant. */
export function createTemplateCatalogue({
  store,
  stepRegistry,
  resolveOCloud,
  listOClouds = async () => [],
  log,
}: CatalogueParts): TemplateCatalogue {
  const templates = store.collection<Template>(TEMPLATES)
  const validatorOf = createValidatorCache()
  const asTheyRun = createKeptRecords(templates, { most: MOST_KEPT, make: expanded, feed: store.feed })

  async function versionsOf(name: string): Promise<string[]> {
    const { items } = await templates.list({ limit: SEARCHED })
    return items.filter(({ value }) => value.name === name).map(({ value }) => value.version)
  }

  async function unknown(name: string, version: string): Promise<ServiceError> {
    const versions = await versionsOf(name)
    const known = versions.length > 0
    const message = known
      ? `template ${name} has no version ${version}; it has ${versions.slice(-NAMED).join(', ')}`
      : `there is no template ${name}`
    const field = known ? 'templateVersion' : 'templateName'
    return new ServiceError('UNKNOWN_TEMPLATE', message, {
      fields: [{ pointer: `/${field}`, message: known ? 'is no version of this template' : 'names no template' }],
    })
  }

  return {
    async publish(template) {
      checkTemplate(template, stepRegistry)
      const { name, version } = template
      try {
        const published = await templates.create(idOf(name, version), template, { events: PUBLISHED })
        log.info({ template: name, version }, 'template published')
        return published
      } catch (error) {
        if (!(error instanceof AlreadyExists)) throw error
        throw new ServiceError(
          'ALREADY_EXISTS',
          `template ${name} ${version} is published already and does not change; publish the next version`,
          { cause: error },
        )
      }
    },

    async get(name, version) {
      const stored = await templates.get(idOf(name, version))
      if (!stored) throw notFound(name, version)
      return stored
    },

    list: (options) => templates.list(options),

    async remove(name, version, expected) {
      const removed = await templates.remove(idOf(name, version), expected).catch((error: unknown) => {
        throw refusalOf(error, name, version)
      })
      if (!removed) throw notFound(name, version)
      log.info({ template: name, version }, 'template removed')
    },

    async find(name, version, reading = createReading({ anew: true })) {
      const template = await asTheyRun(idOf(name, version), reading)
      if (!template) throw await unknown(name, version)
      return template
    },

    async accept(template, parameters, { standing, reading = createReading({ anew: true }) } = {}) {
      const { parameterSchema: schema, targetSelector } = template
      const resolve = (idOrName: string) => resolveOCloud(idOrName, reading)
      const parts = { schema, validate: validatorOf(schema), resolveOCloud: resolve }
      if (targetSelector === undefined) return acceptParameters(parameters, parts)
      const oClouds = await listOClouds()
      const accepted = await acceptParameters(withTarget(template, parameters, oClouds, standing), parts)
      checkTarget(template, accepted.parameters, oClouds)
      return accepted
    },
  }
}

const idOf = (name: string, version: string): string => `${name}/${version}`

const notFound = (name: string, version: string): ServiceError =>
  new ServiceError('NOT_FOUND', `there is no template ${name} ${version}`)

function refusalOf(error: unknown, name: string, version: string): unknown {
  if (error instanceof StillReferenced) {
    return new ServiceError('IN_USE', `template ${name} ${version} is used by ${namesOf(error.by)}`, { cause: error })
  }
  if (error instanceof VersionConflict)
    return new ServiceError('PRECONDITION_FAILED', `template ${name} ${version} has changed since`, { cause: error })
  return error
}

/** Some of the records that stand in the way: `provisioningRequest:<id>`, as the store names them. */
function namesOf(records: readonly string[]): string {
  const names = records.slice(0, 5).map((record) => record.replace(':', ' '))
  return names.join(', ') + (records.length > names.length ? ` and ${records.length - names.length} more` : '')
}
