import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'
import { CommandFailure } from '../client/failure.ts'

const contexts = z.looseObject({ contexts: z.array(z.looseObject({ name: z.string() })).optional() })

/** Rejects with a CommandFailure when the file holds anything but the context of that kind cluster: somebody's own kubeconfig is never replaced. */
export async function checkReplaceable(file: string, cluster: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw new CommandFailure(`SMO_KUBECONFIG: ${file} cannot be read: ${error.message}`)
  })
  if (text.trim() === '' || namesIn(text)?.every((name) => name === `kind-${cluster}`)) return
  throw new CommandFailure(`SMO_KUBECONFIG: ${file} is there and holds something else than the cluster ${cluster}`, {
    hint: 'name a file that does not exist yet; with --skip-kind it is read, without it is written',
  })
}

/** Undefined: no kubeconfig. */
function namesIn(text: string): string[] | undefined {
  try {
    return contexts.parse(parse(text)).contexts?.map(({ name }) => name)
  } catch {
    // What it is, is nobody's business here.
    return undefined
  }
}

/** Readable for its owner alone, and whole or not at all. */
export async function writePrivate(file: string, text: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`
  try {
    await writeFile(aside, text, { mode: 0o600, flag: 'wx' })
    await rename(aside, file)
  } catch (error) {
    await rm(aside, { force: true })
    throw new CommandFailure(`${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}
