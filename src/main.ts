import { loadConfig } from './config.ts'
import { messageOf } from './errors.ts'
import { giveBackIdleMemory } from './idle-memory.ts'
import { createLogger } from './log.ts'
import { createLogOutput } from './log-output.ts'
import { ROLES, type Role, startService } from './service.ts'
import { startTracing } from './telemetry/tracing.ts'

/** Starts the roles asked for and stays until SIGTERM or Ctrl-C. Bad settings: one line for each on standard error, exit code 1. */
export async function serve(env: NodeJS.ProcessEnv, roles: readonly Role[] = ROLES): Promise<void> {
  const loaded = loadConfig(env)
  if (!loaded.ok) {
    for (const line of loaded.errors) process.stderr.write(`${line}\n`)
    process.exitCode = 1
    return
  }
  const log = createLogger(loaded.config.logLevel, createLogOutput())
  const { shutdownSeconds } = loaded.config
  const endTracing = await startTracing(loaded.config, log)
  const stop = new AbortController()
  // Before anything is started: the embedded Redis has a session of its own, and would stay.
  const started = Promise.withResolvers<Awaited<ReturnType<typeof startService>> | undefined>()
  const close = async () => {
    stop.abort(new Error('stopped during the start'))
    await (await started.promise)?.close()
    await endTracing()
    log.info('stopped')
  }
  const end = (exitCode: number) => endWithin(shutdownSeconds, close, exitCode)
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => (stop.signal.aborted ? process.exit(1) : end(0)))
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      log.fatal({ err: error, event }, 'the service made a mistake and stops')
      if (!stop.signal.aborted) end(1)
    })
  }
  try {
    const service = await startService(loaded.config, roles, log, stop.signal)
    started.resolve(service)
    giveBackIdleMemory({ log, isUnderway: service.isUnderway })
  } catch (error) {
    started.resolve(undefined)
    if (stop.signal.aborted) return
    process.stderr.write(`o2ims cannot start: ${messageOf(error)}\n`)
    log.debug({ err: error }, 'start failed')
    process.exit(1)
  }
}

function endWithin(seconds: number, close: () => Promise<void>, exitCode: number): void {
  setTimeout(() => process.exit(1), seconds * 1000).unref()
  close().then(
    () => process.exit(exitCode),
    (error) => {
      process.stderr.write(`o2ims did not stop cleanly: ${messageOf(error)}\n`)
      process.exit(1)
    },
  )
}

if (import.meta.main) await serve(process.env)
