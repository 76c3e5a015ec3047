import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Child {
  readonly name: string
  readonly pid: number
  readonly exited: boolean
  signal(signal: NodeJS.Signals): void
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>
  /** The last lines that it wrote. */
  tail(): string
}

/** Child processes with a temporary folder, all of which end with the test: by `stop`, on Ctrl-C, and when the test run is killed. */
export interface Children {
  readonly folder: string
  start(name: string, binary: string, args: string[]): Child
  /** Kills them all and removes the folder. */
  stop(): Promise<void>
}

export function createChildren(prefix: string): Children {
  const folder = mkdtempSync(join(tmpdir(), prefix))
  const warden = spawn(process.execPath, [fileURLToPath(new URL('warden.ts', import.meta.url))], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  warden.unref()
  warden.stdin.write(`folder ${folder}\n`)
  const children = new Set<Child>()
  return {
    folder,
    start(name, binary, args) {
      const logFile = join(folder, `${name}.log`)
      const log = openSync(logFile, 'a')
      // A session of its own: Ctrl-C in the terminal reaches the test run only, which ends the children in its own order.
      const running = spawn(binary, args, { stdio: ['ignore', log, log], cwd: folder, detached: true })
      closeSync(log)
      const child = childOf(name, running, logFile)
      children.add(child)
      warden.stdin.write(`child ${child.pid}\n`)
      running.once('exit', () => {
        children.delete(child)
        if (warden.stdin.writable) warden.stdin.write(`ended ${child.pid}\n`)
      })
      return child
    },
    async stop() {
      await Promise.all([...children].map((child) => child.kill()))
      const gone = once(warden, 'exit')
      warden.ref()
      warden.stdin.end()
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function childOf(name: string, running: ChildProcess, logFile: string): Child {
  const { pid } = running
  if (pid === undefined) throw new Error(`${name} could not be started`)
  return {
    name,
    pid,
    get exited() {
      return running.exitCode !== null || running.signalCode !== null
    },
    signal: (signal) => void running.kill(signal),
    async kill() {
      if (running.exitCode !== null || running.signalCode !== null) return
      const exited = once(running, 'exit')
      running.kill('SIGKILL')
      await exited
    },
    tail: () => readFileSync(logFile, 'utf8').split('\n').slice(-30).join('\n'),
  }
}

/** Ports of the loopback address that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  const ports: number[] = []
  for (const server of servers) {
    if (!server.listening) await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    ports.push(address.port)
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
