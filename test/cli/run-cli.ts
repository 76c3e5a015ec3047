import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BIN = fileURLToPath(new URL('../../bin/o2ims.js', import.meta.url))
/** What hints call the command line that is started here. */
export const SELF = 'node bin/o2ims.js'
const TIME_LIMIT_MS = 60_000

export interface Finished {
  code: number | null
  stdout: string
  stderr: string
}

export interface Running {
  /** Resolves when standard output and standard error together hold the text. */
  says(text: string): Promise<void>
  signal(signal: NodeJS.Signals): void
  /** Closes its standard output, as `| head` does. */
  stopReading(): void
  finished: Promise<Finished>
}

interface Surroundings {
  input?: string
  env?: Record<string, string>
}

/** Runs the true command line as a child process. */
export function startCli(args: string[], surroundings?: Surroundings): Running {
  return startProgram(BIN, args, surroundings)
}

/** Runs a copy of it, which stands elsewhere. */
export function startProgram(bin: string, args: string[], { input = '', env = {} }: Surroundings = {}): Running {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    timeout: TIME_LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  const listeners = new Set<() => void>()
  const told = () => {
    for (const listener of listeners) listener()
  }
  child.stdout.on('data', (chunk) => {
    stdout += chunk
    told()
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
    told()
  })
  child.stdin.end(input)
  const finished = once(child, 'close').then(([code]): Finished => ({ code, stdout, stderr }))
  return {
    finished,
    signal: (signal) => child.kill(signal),
    stopReading: () => child.stdout.destroy(),
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (`${stdout}${stderr}`.includes(text)) resolve()
        }
        listeners.add(look)
        look()
        finished.then((result) => reject(new Error(`ended without saying "${text}": ${JSON.stringify(result)}`)))
      }),
  }
}

export function runCli(...args: Parameters<typeof startCli>): Promise<Finished> {
  return startCli(...args).finished
}
