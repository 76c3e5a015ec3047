import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'

/** Which process that is (process-identity.ts). */
const identity = z.object({ host: z.string(), pid: z.number(), startTime: z.string() })

const startedSchema = z.object({
  /** Where the service answers. */
  server: z.string(),
  /** Absent: somebody else's service was used. */
  service: identity.optional(),
  /** The requests that were posted, and for each the process that plays operators. */
  requests: z.record(z.string(), z.object({ player: identity.optional() })),
  /** Files that were written beside the data folder, as absolute paths. */
  files: z.array(z.string()),
})

/** What `demo --real` has started and written, so that `demo --clean` finds all of it, and nothing else. */
export type Started = z.infer<typeof startedSchema>

/** Where things are kept: the service's own data folder, with a folder of ours in it. */
export interface Place {
  dataDir: string
  folder: string
  /** Path of a file of ours. */
  file(name: 'started.json' | 'server' | 'service.log' | 'operators.log'): string
}

export function placeOf(env: NodeJS.ProcessEnv): Place {
  const dataDir = resolve(env.DATA_DIR || '.data')
  const folder = join(dataDir, 'ocloud')
  return { dataDir, folder, file: (name) => join(folder, name) }
}

/** Undefined when nothing was started, or nobody can read what. */
export async function readStarted(place: Place): Promise<Started | undefined> {
  try {
    return startedSchema.parse(JSON.parse(await readFile(place.file('started.json'), 'utf8')))
  } catch {
    return undefined
  }
}

/** Kept after each thing that is started. `server` alone is for `make status` and `make logs`. */
export async function writeStarted(place: Place, started: Started): Promise<void> {
  await mkdir(place.folder, { recursive: true, mode: 0o700 })
  await writeFile(place.file('started.json'), `${JSON.stringify(started, null, 2)}\n`, { mode: 0o600 })
  await writeFile(place.file('server'), `${started.server}\n`)
}

export async function forgetStarted(place: Place): Promise<void> {
  await rm(place.folder, { recursive: true, force: true })
}
