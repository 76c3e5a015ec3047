import { delimiter, join } from 'node:path'
import type { Logger } from 'pino'
import type { CallOptions } from '../clusters/cluster.ts'
import type { RunScope } from '../clusters/lifecycle.ts'
import { messageOf, ServiceError } from '../errors.ts'
import type { ChildProcesses } from './child-processes.ts'
import { createDocker } from './docker.ts'
import { isOrphaned, ownedName } from './owned-folders.ts'
import { tailOf } from './redact.ts'
import { withScratch, writeFiles } from './scratch.ts'

export interface KptFile {
  path: string
  text: string
}

export interface KptFilesCall extends CallOptions {
  run?: RunScope
}

/** Runs the functions of a package's pipelines (`kpt fn render`). Answers the resources as one text of YAML documents. */
export type RenderFunctions = (files: readonly KptFile[], call: KptFilesCall) => Promise<string>

const SHIM = join(import.meta.dirname, 'kpt-docker')
const LABEL = 'o2ims.dev/function'
const RENDER_MS = 300_000
const DOCKER_MS = 30_000
const LONGEST_WORDS = 1_500

/**
 * Functions are images: they run in containers without network, as nobody, and see the package alone. Functions that are programs (`exec`) are refused by kpt. PREFLIGHT_FAILED:
 * docker is not there or does not answer, or what a function said. Containers that outlive their kpt are removed, those of dead workers the next time.
 */
export function createRenderFunctions(parts: {
  children: ChildProcesses
  runDir: string
  timeoutMs?: number
  log: Logger
}): RenderFunctions {
  const { children, runDir, timeoutMs = RENDER_MS, log } = parts
  const docker = createDocker(children)
  const ask = (args: string[]) => children.run({ tool: 'docker', args, timeoutMs: DOCKER_MS, kind: 'question' })

  async function removeContainers(matches: (owner: string) => boolean): Promise<void> {
    const format = `{{.ID}}\t{{.Label "${LABEL}"}}`
    const { stdout } = await ask(['ps', '--all', '--no-trunc', '--filter', `label=${LABEL}`, '--format', format])
    const lines = stdout.split('\n').map((line) => line.split('\t'))
    const ids = lines.flatMap(([id, owner]) => (id && owner && matches(owner) ? [id] : []))
    if (ids.length > 0) await ask(['rm', '--force', ...ids])
  }

  return async (files, call) => {
    await docker.version(call).catch((error: unknown) => {
      if (!(error instanceof ServiceError) || error.code !== 'PREFLIGHT_FAILED') throw error
      const why = 'the package has a pipeline, whose functions run in containers'
      throw new ServiceError('PREFLIGHT_FAILED', `${why}: ${error.message}`)
    })
    await removeContainers((owner) => isOrphaned('', owner))
    const mark = ownedName('')
    return withScratch(runDir, async (folder) => {
      const path = process.env.PATH ?? ''
      await writeFiles(folder, files)
      try {
        const result = await children.run({
          tool: 'kpt',
          args: [
            'fn',
            'render',
            folder,
            '--output',
            'unwrap',
            '--image-pull-policy',
            'ifNotPresent',
            '--truncate-output=false',
          ],
          env: { PATH: `${SHIM}${delimiter}${path}`, O2IMS_PATH: path, O2IMS_FUNCTION: mark },
          timeoutMs,
          ...call,
        })
        if (result.exitCode === 0) return result.stdout
        const words = tailOf(result.lastWords.replaceAll(folder, ''), LONGEST_WORDS)
        throw new ServiceError('PREFLIGHT_FAILED', `kpt fn render failed: ${words}`)
      } catch (error) {
        // What kpt said is worth more; what is left goes with the containers of dead workers, once this one is.
        await removeContainers((owner) => owner === mark).catch((failure: unknown) =>
          log.warn({ reason: messageOf(failure) }, 'containers of package functions could not be removed'),
        )
        throw error
      }
    })
  }
}
