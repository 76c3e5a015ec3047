import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePorts } from './children.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export interface ServerOptions {
  env?: Record<string, string>
  roles?: 'api' | 'worker' | 'api,worker'
  /** Absent: an embedded Redis in the server's own data folder. */
  redisUrl?: string
  encryptionKey?: string
  dataDir?: string
  /** Absent: the server is started. */
  start?: boolean
}

/** The whole service as a process of its own, as a user starts it. */
export interface TestServer {
  readonly url: string
  readonly dataDir: string
  readonly encryptionKey: string
  pid(): number
  /** Everything that it printed since the first start. */
  output(): string
  start(): Promise<void>
  /** SIGTERM; resolves with exit code and how long it took. */
  stop(): Promise<{ code: number | null; ms: number }>
  /** SIGKILL to the process alone: its children live on, as after a crash. */
  kill(): Promise<void>
  /** Ends it and removes its folder. */
  dispose(): Promise<void>
}

export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const [port = 0] = await freePorts(1)
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'o2ims-server-')))
  const encryptionKey = options.encryptionKey ?? randomBytes(32).toString('base64')
  const url = `http://127.0.0.1:${port}`
  let child: ChildProcess | undefined
  let printed = ''

  async function start(): Promise<void> {
    const args = options.roles ? [CLI, 'serve', '--roles', options.roles] : [MAIN]
    const started = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        PORT: String(port),
        DATA_DIR: dataDir,
        TAKEOVER_SECONDS: '2',
        ...(options.redisUrl && { REDIS_URL: options.redisUrl, ENCRYPTION_KEY: encryptionKey }),
        ...options.env,
      },
    })
    child = started
    for (const stream of [started.stdout, started.stderr]) {
      stream?.setEncoding('utf8')
      stream?.on('data', (text: string) => {
        printed += text
      })
    }
    if (options.roles === 'worker') await printedLine('worker is running')
    else await ready()
  }

  async function ready(): Promise<void> {
    for (let waited = 0; waited < 30_000; waited += 50) {
      if (child?.exitCode !== null)
        throw new Error(`the server ended with ${child?.exitCode}: ${printed.slice(-2_000)}`)
      const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined)
      if (answer?.ok) return
      await sleep(50)
    }
    throw new Error(`the server is not ready: ${printed.slice(-2_000)}`)
  }

  async function printedLine(text: string): Promise<void> {
    const from = printed.length
    for (let waited = 0; waited < 30_000; waited += 50) {
      if (printed.slice(from).includes(text)) return
      await sleep(50)
    }
    throw new Error(`the server never said "${text}": ${printed.slice(-2_000)}`)
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  const server: TestServer = {
    url,
    dataDir,
    encryptionKey,
    pid: () => child?.pid ?? 0,
    output: () => printed,
    start,
    async stop() {
      const began = performance.now()
      await end('SIGTERM')
      return { code: child?.exitCode ?? null, ms: performance.now() - began }
    },
    kill: () => end('SIGKILL'),
    async dispose() {
      await end('SIGTERM')
      await rm(dataDir, { recursive: true, force: true })
    },
  }
  if (options.start !== false) await start()
  return server
}
