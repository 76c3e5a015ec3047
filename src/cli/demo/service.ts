import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { CommandFailure } from '../client/failure.ts'

const HOST = '127.0.0.1'
const USUAL_PORT = 8080
const START_LIMIT_MS = 30_000
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
  const port = (await isFree(USUAL_PORT)) ? USUAL_PORT : await freePort()
  const server = `http://${HOST}:${port}`
  const log = await open(logFile, 'w')
  const child = spawn(process.execPath, [fileURLToPath(new URL('../../../bin/o2ims.js', import.meta.url)), 'serve'], {
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
    const said = (await readFile(logFile, 'utf8')).trim().split('\n').slice(-LOG_LINES)
    await stop()
    if (signal.aborted) throw error
    throw new CommandFailure(
      [`the service does not start: ${error instanceof Error ? error.message : String(error)}`, ...said].join('\n'),
      { cause: error },
    )
  }
}

/** The demo never works on a Redis that somebody uses for real. */
function demoEnvironment(port: number, dataDir: string): NodeJS.ProcessEnv {
  const { REDIS_URL: _, ...env } = process.env
  return { ...env, HOST, PORT: String(port), DATA_DIR: dataDir, LOAD_SAMPLES: 'true' }
}

async function untilReady(server: string, child: ChildProcess, signal: AbortSignal): Promise<void> {
  const failed = once(child, 'error').then(([error]) => Promise.reject(error))
  const exited = once(child, 'exit').then(([code]) => Promise.reject(new Error(`it ended with exit code ${code}`)))
  const limit = AbortSignal.any([signal, AbortSignal.timeout(START_LIMIT_MS)])
  await Promise.race([failed, exited, poll(`${server}/readyz`, limit)])
}

async function poll(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (await answers(url)) return
    await sleep(100)
  }
  throw new Error(`it is not ready after ${START_LIMIT_MS / 1000} s`)
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
  await exited
  clearTimeout(kill)
}

async function isFree(port: number): Promise<boolean> {
  try {
    await listenOnce(port)
    return true
  } catch {
    return false
  }
}

const freePort = () => listenOnce(0)

async function listenOnce(port: number): Promise<number> {
  const probe = createServer()
  probe.listen(port, HOST)
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address ? address.port : port
}
