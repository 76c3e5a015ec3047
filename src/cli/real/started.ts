import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { type ProcessIdentity, parseIdentity } from '../../process-identity.ts'
import { CommandFailure } from '../client/failure.ts'
import { findDetached } from './processes.ts'

/** Which process that is (process-identity.ts). */
const identity = z.object({ host: z.string(), pid: z.number(), startTime: z.string() })

const startedSchema = z.object({
  /** Where the service answers. */
  server: z.string(),
  /** Absent: somebody else's service was used. */
  service: identity.optional(),
  /** Written before a service of ours is started: where nobody came to write down which, the lock of the data folder names it. */
  starting: z.literal(true).optional(),
  /**
   * The requests that were posted, and for each the process that plays operators. `starting`, its arguments, is written before: where nobody came to write down which process that is,
   * its command line tells.
   */
  requests: z.record(
    z.string(),
    z.object({
      player: identity.optional(),
      starting: z.array(z.string()).optional(),
      /** Somebody had posted it before: it stays. */
      foreign: z.literal(true).optional(),
    }),
  ),
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

/** Is the service one that the demo started? */
export function isOurs({ service, starting }: Started): boolean {
  return service !== undefined || starting === true
}

/** The requests that the demo posted itself. */
export function idsMadeBy({ requests }: Started): string[] {
  return Object.entries(requests).flatMap(([id, { foreign }]) => (foreign ? [] : [id]))
}

/** Undefined when nothing was started. Rejects with a CommandFailure when nobody can tell what. */
export async function readStarted(place: Place): Promise<Started | undefined> {
  const file = place.file('started.json')
  const text = await textOf(file)
  if (text === undefined) return undefined
  const started = parsed(file, text)
  for (const request of Object.values(started.requests))
    if (request.starting) request.player ??= await findDetached(request.starting)
  if (started.starting) started.service ??= await holderOf(place)
  return started
}

function parsed(file: string, text: string): Started {
  try {
    return startedSchema.parse(JSON.parse(text))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandFailure(`${file} does not say what the demo has started: ${reason}`, {
      hint: 'mend it; or move it away, and end by hand what was started',
      cause: error,
    })
  }
}

/** Kept before and after each thing that is started. `server` alone is for `make status` and `make logs`. */
export async function writeStarted(place: Place, started: Started): Promise<void> {
  await mkdir(place.folder, { recursive: true, mode: 0o700 })
  await replace(place.file('started.json'), `${JSON.stringify(started, null, 2)}\n`)
  await replace(place.file('server'), `${started.server}\n`)
}

/** After a start that failed: as it was before. */
export async function forgetService(place: Place, before: Started | undefined): Promise<void> {
  if (before) return writeStarted(place, before)
  for (const name of ['started.json', 'server'] as const) await rm(place.file(name), { force: true })
}

/** The process that has the data folder. */
async function holderOf({ dataDir }: Place): Promise<ProcessIdentity | undefined> {
  const text = await textOf(join(dataDir, 'service.lock'))
  return text === undefined ? undefined : parseIdentity(text)
}

/** Undefined when there is no such file. */
async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new CommandFailure(`${file} cannot be read: ${error.message}`, { cause: error })
  })
}

/** Whoever is killed meanwhile leaves the old one, whole. */
async function replace(file: string, text: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`
  await writeFile(aside, text, { mode: 0o600 })
  await rename(aside, file)
}
