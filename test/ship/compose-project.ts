import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { composeCommand } from '../harness/needs.ts'

const execute = promisify(execFile)
const ROOT = join(import.meta.dirname, '..', '..')
/** One at a time: what a run that was cut off left goes at the next start. */
const PROJECT = 'o2ims-test-compose'

export interface ComposeProject {
  /** Runs Compose; resolves with what it printed on both streams. */
  run(...args: string[]): Promise<string>
  /** The container of a service. */
  container(service: string): Promise<string>
  /** Removes containers, networks and volumes. */
  down(): Promise<void>
}

/** The project of docker-compose.yml on stand-ins; `files` are put over it, `env` is what it is asked for with variables. */
export function composeProject(files: readonly string[], env: Record<string, string>): ComposeProject {
  const [tool = '', ...prefix] = composeCommand() ?? []
  const chosen = ['docker-compose.yml', ...files, 'test/ship/stand-ins.yml'].flatMap((file) => ['--file', file])

  async function run(...args: string[]): Promise<string> {
    const { stdout, stderr } = await execute(tool, [...prefix, '--project-name', PROJECT, ...chosen, ...args], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      timeout: 200_000,
      maxBuffer: 16 * 1024 * 1024,
    })
    return `${stdout}${stderr}`
  }

  return {
    run,
    container: async (service) => (await run('ps', '--all', '--quiet', service)).trim(),
    async down() {
      // A service of a profile that is not asked for stays otherwise.
      await run('--profile', '*', 'down', '--volumes', '--remove-orphans', '--timeout', '5')
    },
  }
}
