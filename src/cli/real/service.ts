import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessIdentity } from '../../process-identity.ts'
import { notStarted } from '../demo/service.ts'
import { HOST, isReady, portFor, untilReady } from '../demo/start-service.ts'
import { endProcess, isRunning, startDetached } from './processes.ts'
import { forgetService, isOurs, type Place, type Started, writeStarted } from './started.ts'

const USUAL_PORT = 8080

export interface Running {
  server: string
  /** Absent: it is somebody else's. */
  service?: ProcessIdentity
}

/**
 * The service that answers: the one that was started before, else the one that is named, else one that is started now, for good. Where ours is gone it is started again, whoever
 * answers: what was noted of its requests holds for no other service.
 */
export async function findOrStartService(
  place: Place,
  {
    named,
    before,
    env,
    signal,
  }: { named: string; before: Started | undefined; env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<Running> {
  const found = await findService(named, before)
  if (found && (found.service || !before || !isOurs(before))) return found
  return startService(place, { before, env, signal })
}

/** Undefined when none answers. */
export async function findService(named: string, before: Started | undefined): Promise<Running | undefined> {
  if (before && isRunning(before.service) && (await isReady(before.server)))
    return { server: before.server, service: before.service }
  const server = before && !isOurs(before) ? before.server : named
  return (await isReady(server)) ? { server } : undefined
}

/** Was there ever a service on this data folder? Then its records say what it made. */
export function hasRecords({ dataDir }: Place): boolean {
  return existsSync(join(dataDir, 'encryption.key'))
}

/** The port to try first: 0 stands for any free one. */
export function wantedPort({ PORT }: NodeJS.ProcessEnv): number {
  return PORT === undefined || PORT === '' ? USUAL_PORT : Number(PORT)
}

/**
 * Starts `o2ims serve` on the data folder, as a process that stays, and writes down that it did: before, and who it is as soon as that is known. One of ours that runs and does not
 * answer is ended first. Rejects with a CommandFailure that shows the end of its log, and then nothing has changed.
 */
export async function startService(
  place: Place,
  { before, env, signal }: { before: Started | undefined; env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<Running> {
  await endProcess(before?.service)
  const port = await portFor(wantedPort(env))
  const server = `http://${HOST}:${port}`
  const started: Started = { server, requests: before?.requests ?? {}, files: before?.files ?? [] }
  await writeStarted(place, { ...started, starting: true })
  const logFile = place.file('service.log')
  const settings = { ...env, HOST, PORT: String(port), DATA_DIR: place.dataDir, LOAD_SAMPLES: 'true' }
  const { child, identity } = await startDetached(['serve'], { env: settings, logFile })
  const over = new AbortController()
  const written = writeStarted(place, { ...started, service: identity })
  try {
    const asking = AbortSignal.any([signal, over.signal])
    await Promise.all([untilReady(server, child, asking), written])
    return { server, service: identity }
  } catch (error) {
    // Where the service has ended nobody has to ask on.
    over.abort()
    await Promise.allSettled([written])
    const failure = signal.aborted ? error : await notStarted(error, logFile)
    await endProcess(identity)
    await forgetService(place, before)
    throw failure
  }
}
