import { spawn } from 'node:child_process'

const TIME_LIMIT_MS = 10_000
const MOST_CHARACTERS = 1024 * 1024

export interface ToolAnswer {
  /** False: no such program on the PATH. */
  found: boolean
  /** Undefined when it was ended, or is not there. */
  exitCode: number | undefined
  /** Standard output and standard error. */
  said: string
  stdout: string
}

/** Runs a tool with arguments, never through a shell, for at most `limitMs`; then it is ended with all that it started. Never rejects. */
export function runTool(
  tool: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  limitMs = TIME_LIMIT_MS,
): Promise<ToolAnswer> {
  const { promise, resolve } = Promise.withResolvers<ToolAnswer>()
  // A group of its own, so that what the tool starts can be ended with it.
  const child = spawn(tool, [...args], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const printed = { stdout: '', stderr: '' }
  let why: string | undefined
  const end = (reason: string) => {
    why ??= reason
    endGroup(child.pid)
    child.stdout.destroy()
    child.stderr.destroy()
  }
  const limit = setTimeout(() => end(`gave no answer within ${limitMs / 1000} s`), limitMs)
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      printed[stream] += chunk
      if (printed[stream].length > MOST_CHARACTERS) end('says more than anybody reads')
    })
  const answer = (found: boolean, exitCode: number | undefined) => {
    clearTimeout(limit)
    const said = why ?? `${printed.stdout}${printed.stderr}`.trim()
    resolve({ found, exitCode: why === undefined ? exitCode : undefined, said, stdout: printed.stdout })
  }
  child.on('error', (error: NodeJS.ErrnoException) =>
    answer(!['ENOENT', 'EACCES'].includes(error.code ?? ''), undefined),
  )
  child.on('close', (code) => answer(true, code ?? undefined))
  return promise
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // All of it has ended in this very moment.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
