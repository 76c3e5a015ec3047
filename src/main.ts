import { loadConfig } from './config.ts'
import { createLogger } from './log.ts'
import { ROLES, type Role, startService } from './service.ts'

/** Starts the roles asked for and stays until SIGTERM or Ctrl-C. Bad settings: one line for each on standard error, exit code 1. */
export async function serve(env: NodeJS.ProcessEnv, roles: readonly Role[] = ROLES): Promise<void> {
  const loaded = loadConfig(env)
  if (!loaded.ok) {
    for (const line of loaded.errors) process.stderr.write(`${line}\n`)
    process.exitCode = 1
    return
  }
  const log = createLogger(loaded.config.logLevel)
  try {
    const service = await startService(loaded.config, roles, log)
    stopOnSignal(async () => {
      await service.close()
      log.info('stopped')
    }, loaded.config.shutdownSeconds)
  } catch (error) {
    process.stderr.write(`o2ims cannot start: ${error instanceof Error ? error.message : String(error)}\n`)
    log.debug({ err: error }, 'start failed')
    process.exit(1)
  }
}

/** Stops once, within the time limit; a second signal stops at once. */
function stopOnSignal(close: () => Promise<void>, limitSeconds: number): void {
  let stopping = false
  const stop = () => {
    if (stopping) process.exit(1)
    stopping = true
    setTimeout(() => process.exit(1), limitSeconds * 1000).unref()
    close().then(
      () => process.exit(0),
      (error) => {
        process.stderr.write(`o2ims did not stop cleanly: ${error instanceof Error ? error.message : String(error)}\n`)
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

if (import.meta.main) await serve(process.env)
