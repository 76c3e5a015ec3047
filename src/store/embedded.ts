import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { messageOf, ServiceError } from '../errors.ts'
import { identityOf } from '../process-identity.ts'
import { whenAnswers } from './connection.ts'
import { type EmbeddedAddress, embeddedConfig, socketPath } from './embedded-config.ts'
import { endOrphan, endProcess } from './orphan.ts'
import { findRedisBinary } from './redis-binary.ts'

/** Reading a large append-only file takes its time. */
const START_MS = 60_000
const STOP_MS = 3000
/** Another process may take the free port that was found. */
const PORT_ATTEMPTS = 3
const RESTART_MS = { first: 100, most: 5000 }

export interface EmbeddedRedis {
  address: EmbeddedAddress
  /** Flushes the append-only file and ends the server. */
  close(): Promise<void>
}

/**
 * Starts Redis (or Valkey) as our own child, with its data in `<dataDir>/redis`, and starts it again should it die. The caller
 * holds the lock of the data folder. Rejects with PREFLIGHT_FAILED when there is no binary or it does not come up.
 */
export async function startEmbeddedRedis({ dataDir, log }: { dataDir: string; log: Logger }): Promise<EmbeddedRedis> {
  const binary = findRedisBinary()
  if (binary === undefined) throw missingBinary()
  const folder = join(dataDir, 'redis')
  const pidFile = join(folder, 'redis.pid')
  const logFile = join(folder, 'redis.log')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await endOrphan({ pidFile, log })
  let stopping = false
  let failures = 0
  let restart: NodeJS.Timeout | undefined

  function run(address: EmbeddedAddress): ChildProcess {
    const output = openSync(logFile, 'w', 0o600)
    try {
      // A session of its own: Ctrl-C in the terminal must not end it before us.
      const child = spawn(binary ?? '', ['-'], { stdio: ['pipe', output, output], detached: true })
      if (child.pid !== undefined) writeFileSync(pidFile, JSON.stringify(identityOf(child.pid) ?? {}), { mode: 0o600 })
      child.on('error', (error) => log.error({ reason: error.message }, 'the embedded Redis cannot be started'))
      child.stdin?.on('error', (error) =>
        log.debug({ reason: error.message }, 'the embedded Redis read no configuration'),
      )
      child.stdin?.end(embeddedConfig(folder, address))
      child.unref()
      // Also when we are made to end at once; what is not flushed by then is flushed by its own SIGTERM.
      const endWithUs = () => child.kill('SIGTERM')
      process.once('exit', endWithUs)
      child.once('exit', () => process.off('exit', endWithUs))
      return child
    } finally {
      closeSync(output)
    }
  }

  async function firstStart(): Promise<{ address: EmbeddedAddress; child: ChildProcess }> {
    const path = socketPath(folder)
    for (let attempt = 1; ; attempt += 1) {
      const address: EmbeddedAddress = path === undefined ? await freeAddress() : { path }
      const child = run(address)
      const exited = new AbortController()
      child.once('exit', () => exited.abort(new Error('it ended')))
      child.once('error', () => exited.abort(new Error('it could not be run')))
      try {
        await whenAnswers(address, AbortSignal.any([exited.signal, AbortSignal.timeout(START_MS)]))
        return { address, child }
      } catch (error) {
        await end(child)
        if (path !== undefined || attempt === PORT_ATTEMPTS) throw await notUp(logFile, messageOf(error))
      }
    }
  }

  /** An unexpected end: the connections come back by themselves once it answers again. */
  function watch(child: ChildProcess, address: EmbeddedAddress): void {
    const startedAt = performance.now()
    child.once('exit', (code, signal) => {
      if (stopping) return
      failures = performance.now() - startedAt > START_MS ? 1 : failures + 1
      const delay = Math.min(RESTART_MS.first * 2 ** (failures - 1), RESTART_MS.most)
      log.error({ code, signal, failures }, 'the embedded Redis ended and is started again')
      restart = setTimeout(() => {
        current = run(address)
        watch(current, address)
      }, delay)
    })
  }

  const started = await firstStart()
  let current = started.child
  watch(current, started.address)
  log.info({ pid: current.pid, folder }, 'embedded Redis started')
  return {
    address: started.address,
    async close() {
      stopping = true
      clearTimeout(restart)
      await end(current)
      await rm(pidFile, { force: true })
    },
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const identity = identityOf(child.pid)
  if (identity !== undefined) await endProcess(identity, STOP_MS)
}

async function freeAddress(): Promise<EmbeddedAddress> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has no port')
  return { host: '127.0.0.1', port: address.port, password: randomBytes(24).toString('base64url') }
}

function missingBinary(): ServiceError {
  const advice = 'install one (apt-get install redis-server), or set REDIS_URL to a Redis that runs elsewhere'
  return new ServiceError('PREFLIGHT_FAILED', `neither redis-server nor valkey-server is on the PATH: ${advice}`)
}

async function notUp(logFile: string, reason: string): Promise<ServiceError> {
  const lines = (await readFile(logFile, 'utf8').catch(messageOf)).trim().split('\n')
  return new ServiceError(
    'PREFLIGHT_FAILED',
    `the embedded Redis did not come up (${reason}): ${lines.slice(-3).join(' | ')}`,
  )
}
