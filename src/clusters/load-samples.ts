import type { Logger } from 'pino'
import { messageOf, ServiceError } from '../errors.ts'
import { loadSamples } from '../sample-files.ts'
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
  await loadSamples({ directory, kind: 'O-Cloud', schema: newOCloudSchema, log }, async (input, file) => {
    if ((await registry.resolve(input.name)) !== undefined) return
    await registry.create(input).catch((error: unknown) => {
      if (!(error instanceof ServiceError) || error.retryable || error.code === 'UNAVAILABLE') throw error
      // Another process was first.
      if (error.code !== 'ALREADY_EXISTS')
        log.warn({ file, cause: messageOf(error) }, 'a sample O-Cloud cannot be registered')
    })
  })
}
