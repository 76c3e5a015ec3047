import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProcessIdentity } from '../../process-identity.ts'
import { notStarted } from '../demo/service.ts'
import { HOST, isReady, portFor, untilReady } from '../demo/start-service.ts'
import { isRunning, startDetached } from './processes.ts'
import type { Place, Started } from './started.ts'

const USUAL_PORT = 8080

export interface Running {
  server: string
  /** Absent: it is somebody else's. */
  service?: ProcessIdentity
}

/** The service that answers: the one that was started before, else the one that is named, else one that is started now, for good. */
export async function findOrStartService(
  place: Place,
  {
    named,
    before,
    env,
    signal,
  }: { named: string; before: Started | undefined; env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<Running> {
  return (await findService(named, before)) ?? startService(place, env, signal)
}

/** Undefined when none answers. */
export async function findService(named: string, before: Started | undefined): Promise<Running | undefined> {
  if (before && isRunning(before.service) && (await isReady(before.server)))
    return { server: before.server, service: before.service }
  const server = before && before.service === undefined ? before.server : named
  return (await isReady(server)) ? { server } : undefined
}

/** Was there ever a service on this data folder? Then its records say what it made. */
export function hasRecords({ dataDir }: Place): boolean {
  return existsSync(join(dataDir, 'encryption.key'))
}

/** Starts `o2ims serve` on the data folder, as a process that stays. Rejects with a CommandFailure that shows the end of its log. */
export async function startService(place: Place, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Running> {
  await mkdir(place.folder, { recursive: true, mode: 0o700 })
  const port = await portFor(Number(env.PORT) || USUAL_PORT)
  const server = `http://${HOST}:${port}`
  const logFile = place.file('service.log')
  const settings = { ...env, HOST, PORT: String(port), DATA_DIR: place.dataDir, LOAD_SAMPLES: 'true' }
  const { child, identity } = await startDetached(['serve'], { env: settings, logFile })
  try {
    await untilReady(server, child, signal)
    return { server, service: identity }
  } catch (error) {
    child.kill('SIGTERM')
    throw signal.aborted ? error : await notStarted(error, logFile)
  }
}
