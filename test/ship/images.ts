import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { composeProject } from './compose-project.ts'

const execute = promisify(execFile)

/** Makes what stands in for the base images, unless it is there. */
export async function makeStandIns(): Promise<void> {
  await execute(join(import.meta.dirname, 'make-stand-ins'), [], { timeout: 400_000 })
}

/** Builds o2ims-test/api and o2ims-test/worker on the stand-ins; what has not changed since comes from the cache. */
export async function buildImages(): Promise<void> {
  await composeProject([], {}).run('build', 'api', 'worker')
}
