import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommandFailure } from '../client/failure.ts'
import { BIN, HOST, portFor, untilReady } from './start-service.ts'

const USUAL_PORT = 8080
const STOP_LIMIT_MS = 10_000
const LOG_LINES = 20

/** A service of its own for the demo: true process, true HTTP, data folder of its own that goes with it. */
export interface DemoService {
  server: string
  stop(): Promise<void>
}

/** Starts `o2ims serve` and returns when it is ready. Rejects with a CommandFailure that shows the end of its log. */
export async function startDemoService(signal: AbortSignal): Promise<DemoService> {
  const folder = await mkdtemp(join(tmpdir(), 'o2ims-demo-'))
  const logFile = join(folder, 'service.log')
  const port = await portFor(USUAL_PORT)
  const server = `http://${HOST}:${port}`
  const log = await open(logFile, 'w')
  const child = spawn(process.execPath, [BIN, 'serve'], {
    stdio: ['ignore', log.fd, log.fd],
    env: demoEnvironment(port, join(folder, 'data')),
  })
  const stop = async () => {
    await end(child)
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await log.close()
    await untilReady(server, child, signal)
    return { server, stop }
  } catch (error) {
    const failure = await notStarted(error, logFile)
    await stop()
    throw signal.aborted ? error : failure
  }
}

/** With the end of its log. */
export async function notStarted(error: unknown, logFile: string): Promise<CommandFailure> {
  const said = (await readFile(logFile, 'utf8')).trim().split('\n').slice(-LOG_LINES)
  const reason = error instanceof Error ? error.message : String(error)
  return new CommandFailure([`the service does not start: ${reason}`, ...said].join('\n'), { cause: error })
}

/** The demo never works on a Redis that somebody uses for real. */
function demoEnvironment(port: number, dataDir: string): NodeJS.ProcessEnv {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('REDIS_')))
  return { ...env, HOST, PORT: String(port), DATA_DIR: dataDir, LOAD_SAMPLES: 'true' }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
  await exited
  clearTimeout(kill)
}
