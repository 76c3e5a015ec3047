import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import { messageOf, ServiceError } from '../../errors.ts'
import { loadSamples } from '../../sample-files.ts'
import type { TemplateCatalogue } from './catalogue-types.ts'
import { templateSchema } from './schema.ts'
import type { Template } from './template.ts'

export interface TemplateSampleParts {
  catalogue: Pick<TemplateCatalogue, 'publish' | 'get'>
  /** The folder with a YAML file for each template. */
  directory: string
  log: Logger
}

/**
 * Publishes the templates of the samples that are not there. A version that is stored stays as it is; when the sample differs from it, a warning says so.
 * Several processes may do so at once. A file that cannot be used is a warning. Rejects with UNAVAILABLE when the store is away.
 */
export async function loadTemplateSamples({ catalogue, directory, log }: TemplateSampleParts): Promise<void> {
  await loadSamples({ directory, kind: 'template', schema: templateSchema, log }, (template, file) =>
    publishSample(template, file, { catalogue, log }),
  )
}

async function publishSample(
  template: Template,
  file: string,
  { catalogue, log }: Pick<TemplateSampleParts, 'catalogue' | 'log'>,
): Promise<void> {
  const { name, version } = template
  try {
    // Before it is checked, which takes a while: at most starts it is there.
    const stored = (await storedOf(template, catalogue)) ?? (await publishedMeanwhile(template, catalogue))
    if (stored === undefined || isDeepStrictEqual(stored, JSON.parse(JSON.stringify(template)))) return
    log.warn(
      { file, template: name, version },
      'the stored template of this version differs from the sample; it stays: publish the sample as the next version',
    )
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code === 'UNAVAILABLE') throw error
    log.warn({ file, cause: messageOf(error), fields: error.fields }, 'a sample template cannot be published')
  }
}

async function storedOf(
  { name, version }: Template,
  catalogue: Pick<TemplateCatalogue, 'get'>,
): Promise<Template | undefined> {
  try {
    return (await catalogue.get(name, version)).value
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}

/** Publishes it; answers what another process published at this very moment. */
async function publishedMeanwhile(
  template: Template,
  catalogue: Pick<TemplateCatalogue, 'get' | 'publish'>,
): Promise<Template | undefined> {
  try {
    await catalogue.publish(template)
    return undefined
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'ALREADY_EXISTS') return storedOf(template, catalogue)
    throw error
  }
}
