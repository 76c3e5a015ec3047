import type { Logger } from 'pino'
import { messageOf, ServiceError } from '../errors.ts'
import { readSampleFiles, type SampleFile } from '../sample-files.ts'
import type { OCloudRegistry } from './registry-types.ts'
import { newOCloudSchema } from './schema.ts'

export interface OCloudSampleParts {
  registry: Pick<OCloudRegistry, 'create' | 'resolve'>
  /** The folder with a YAML file for each O-Cloud. */
  directory: string
  log: Logger
}

/**
 * Registers the O-Clouds of the samples that are not there; what has the name already stays as it is. Several processes may do so at once.
 * A file that cannot be used is a warning. Rejects with UNAVAILABLE when the store is away.
 */
export async function loadOCloudSamples({ registry, directory, log }: OCloudSampleParts): Promise<void> {
  const samples = await readSampleFiles(directory)
  // At once: the store writes to the disk for all that wait, not for each
  await Promise.all(samples.map((sample) => loadSample(sample, { registry, log })))
}

async function loadSample(
  sample: SampleFile,
  { registry, log }: Pick<OCloudSampleParts, 'registry' | 'log'>,
): Promise<void> {
  const { file } = sample
  if ('unreadable' in sample) {
    log.warn({ file, cause: sample.unreadable }, 'a sample O-Cloud cannot be read')
    return
  }
  const input = newOCloudSchema.safeParse(sample.content)
  if (!input.success) {
    log.warn(
      { file, cause: input.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) },
      'a sample file is no O-Cloud',
    )
    return
  }
  if ((await registry.resolve(input.data.name)) !== undefined) return
  await registry.create(input.data).catch((error: unknown) => {
    if (!(error instanceof ServiceError) || error.retryable || error.code === 'UNAVAILABLE') throw error
    // Another process was first.
    if (error.code !== 'ALREADY_EXISTS')
      log.warn({ file, cause: messageOf(error) }, 'a sample O-Cloud cannot be registered')
  })
}
