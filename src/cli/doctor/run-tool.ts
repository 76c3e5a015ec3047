import { execFile } from 'node:child_process'

const TIME_LIMIT_MS = 10_000
const MOST_BYTES = 1024 * 1024

export interface ToolAnswer {
  /** False: no such program on the PATH. */
  found: boolean
  /** Undefined when it was ended, or is not there. */
  exitCode: number | undefined
  /** Standard output and standard error. */
  said: string
  stdout: string
}

/** Runs a tool with arguments, never through a shell, for at most 10 s. Never rejects. */
export function runTool(
  tool: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  limitMs = TIME_LIMIT_MS,
): Promise<ToolAnswer> {
  return new Promise((resolve) => {
    const options = { env, timeout: limitMs, killSignal: 'SIGKILL', maxBuffer: MOST_BYTES } as const
    const child = execFile(tool, [...args], options, (error, stdout, stderr) => {
      const said = `${stdout}${stderr}`.trim()
      if (error === null) return resolve({ found: true, exitCode: 0, said, stdout })
      const found = error.code !== 'ENOENT' && error.code !== 'EACCES'
      const ended = error.killed ? `gave no answer within ${limitMs / 1000} s` : said
      resolve({ found, exitCode: typeof error.code === 'number' ? error.code : undefined, said: ended, stdout })
    })
    child.stdin?.on('error', () => child.kill('SIGKILL')).end()
  })
}
