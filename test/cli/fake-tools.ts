import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder with these programs (POSIX shell) and no others, to be the whole PATH. */
export interface FakeTools extends AsyncDisposable {
  folder: string
}

export async function fakeTools(programs: Record<string, string>): Promise<FakeTools> {
  const folder = await mkdtemp(join(tmpdir(), 'o2ims-test-tools-'))
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(folder, name), 0o755)
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}
