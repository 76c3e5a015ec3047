import { join } from 'node:path'
import type { Logger } from 'pino'
import { loadOCloudSamples } from './clusters/load-samples.ts'
import type { OCloudRegistry } from './clusters/registry-types.ts'
import type { Config } from './config.ts'
import { ServiceError } from './errors.ts'
import { createParts, type Parts } from './parts.ts'
import type { TemplateCatalogue } from './provisioning/templates/catalogue-types.ts'
import { loadTemplateSamples } from './provisioning/templates/load-samples.ts'

export type Role = 'api' | 'worker'
export const ROLES: readonly Role[] = ['api', 'worker']

const SAMPLES = join(import.meta.dirname, '..', 'samples')
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

export interface Service {
  /** Where the API listens; undefined for a worker alone. */
  url: string | undefined
  /** Whether there are runs or open event streams. */
  isUnderway(): boolean
  /** Ends streams and runs at once (they go on elsewhere, or after the next start), then the store. */
  close(): Promise<void>
}

/**
 * Builds the parts and starts the roles; the code of a role that is not asked for is not loaded. Rejects with a ServiceError whose sentence says what to do, and with the reason of `signal`
 * when that aborts during the start; what was started by then has ended again.
 */
export async function startService(
  config: Config,
  roles: readonly Role[],
  log: Logger,
  signal = new AbortController().signal,
): Promise<Service> {
  /** How the parts are closed, in the order in which they were made. */
  const parting: Close[] = []
  /** How the roles are stopped: at once, all of them. */
  const stopping: Close[] = []
  async function close(): Promise<void> {
    const errors = await failuresOf(stopping.splice(0))
    for (const step of parting.splice(0).reverse()) errors.push(...(await failuresOf([step])))
    if (errors.length > 0) throw errors[0]
  }
  try {
    const parts = await createParts(config, log, parting)
    signal.throwIfAborted()
    // The port first: a start that fails for it must not have begun to provision.
    let started = false
    const ready = async () => {
      if (!started) throw new ServiceError('UNAVAILABLE', 'the service is starting', { retryAfter: 1 })
      await parts.store.ping()
    }
    const url = roles.includes('api') ? await listenForClients(config, parts, log, stopping, ready) : undefined
    if (url === undefined) await listenForProbes(config, parts, log, stopping, ready)
    signal.throwIfAborted()
    await parts.oClouds.registerOwn()
    if (roles.includes('worker')) {
      const { startWorker } = await import('./worker.ts')
      stopping.push(await startWorker(config, parts, config.publicUrl ?? url, log))
    }
    signal.throwIfAborted()
    if (url !== undefined && config.loadSamples) await loadSamples(parts.templates, parts.oClouds, log)
    signal.throwIfAborted()
    if (url !== undefined) {
      const registrar = await parts.registration.start(config.publicUrl ?? url)
      stopping.push(() => registrar.stop())
    }
    started = true
    return { url, isUnderway: parts.underway.any, close }
  } catch (error) {
    await close()
    throw error
  }
}

type Close = () => Promise<void>

/** One that fails keeps no other from being closed. */
async function failuresOf(steps: readonly Close[]): Promise<unknown[]> {
  const ends = await Promise.allSettled(steps.map((step) => step()))
  return ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
}

/** The API answers from here on; it is ready once the whole service has started. */
async function listenForClients(
  config: Config,
  parts: Parts,
  log: Logger,
  stopping: Close[],
  ready: () => Promise<void>,
): Promise<string> {
  const { createApp } = await import('./app.ts')
  const app = await createApp({
    ...parts,
    log,
    ready,
    settings: {
      heartbeatSeconds: config.sseHeartbeatSeconds,
      bodyLimitBytes: config.bodyLimitBytes,
      listPageSize: config.listPageSize,
      strictVersion: config.strictVersion,
      compatibilityRoutes: config.compatibilityRoutes,
      markerKey: parts.store.secrets.fingerprint('markers of lists'),
      ...(config.publicUrl !== undefined && { apiRoot: config.publicUrl }),
      ...hostsOf(config),
    },
  })
  stopping.push(() => app.close())
  const url = await listen(app, { host: config.host, port: config.port, setting: 'PORT' })
  log.info({ url, docs: `${url}/docs` }, 'the API is listening')
  return url
}

/** A worker has no clients, but somebody may want to know how it is. */
async function listenForProbes(
  config: Config,
  { metrics }: Parts,
  log: Logger,
  stopping: Close[],
  ready: () => Promise<void>,
): Promise<void> {
  if (config.workerPort === undefined) return
  const { createWorkerApp } = await import('./worker-app.ts')
  const app = await createWorkerApp({ metrics, ready, log })
  stopping.push(() => app.close())
  const url = await listen(app, { host: config.host, port: config.workerPort, setting: 'WORKER_PORT' })
  log.info({ url }, 'the worker answers probes and tells its metrics')
}

interface Listening {
  listen(options: { host: string; port: number }): Promise<string>
}

interface Place {
  host: string
  port: number
  /** What names the port. */
  setting: string
}

function listen(app: Listening, { host, port, setting }: Place): Promise<string> {
  return app.listen({ host, port }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new ServiceError('IN_USE', `port ${port} of ${host} is taken: stop what listens there, or set ${setting}`, {
      cause: error,
    })
  })
}

/** On loopback only names of loopback, unless others are given; the name that everybody knows may come through a proxy on this machine. */
function hostsOf({ host, publicUrl, allowedHosts }: Config): { allowedHosts?: string[] } {
  const hosts = allowedHosts.length > 0 || !isLoopback(host) ? allowedHosts : LOOPBACK
  if (hosts.length === 0) return {}
  return { allowedHosts: publicUrl === undefined ? hosts : [...hosts, new URL(publicUrl).hostname] }
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.')

async function loadSamples(catalogue: TemplateCatalogue, registry: OCloudRegistry, log: Logger): Promise<void> {
  await Promise.all([
    loadOCloudSamples({ registry, directory: join(SAMPLES, 'oclouds'), log }),
    loadTemplateSamples({ catalogue, directory: join(SAMPLES, 'templates'), log }),
  ])
}
