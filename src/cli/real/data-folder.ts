import { readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Place } from './started.ts'

type Part = [folder: string, names: RegExp]

const UUID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
/** What a service and this demo put there, by folder: whatever has another name was put there by somebody else. Folders go before those that hold them. */
const DEMO: Part = ['ocloud', new RegExp(`^((started\\.json|server)(\\.${UUID})?|(service|operators)\\.log)$`)]
const SERVICE: readonly Part[] = [
  ['redis', /^(appendonlydir|redis\.(pid|log|sock)|temp-.*\.(aof|rdb))$/],
  ['run', /^(kind-.+\.[A-Za-z0-9]{6}|o2ims-scratch-\d+-.+)$/],
  ['packages', /^([0-9a-f]{32}-([0-9a-f]{40}|[0-9a-f]{64})|making-\d+-.+)$/],
  ['', new RegExp(`^(encryption\\.key|service\\.lock)(\\.${UUID})?$`)],
]

/** Removes the notes of the demo. */
export async function removeNotes({ dataDir }: Place): Promise<void> {
  await removeOf(dataDir, DEMO)
}

/** Removes what the service kept, and the data folder when nothing else is in it. Answers the names of what stays. The service has ended. */
export async function removeData({ dataDir }: Place): Promise<string[]> {
  for (const part of SERVICE) await removeOf(dataDir, part)
  return namesIn(dataDir)
}

async function removeOf(dataDir: string, [folder, names]: Part): Promise<void> {
  const path = join(dataDir, folder)
  for (const name of await namesIn(path))
    if (names.test(name)) await rm(join(path, name), { recursive: true, force: true, maxRetries: 5 })
  // EBUSY: it is a mount. ENOTDIR: it never was a folder.
  await rmdir(path).catch(unless('ENOTEMPTY', 'EEXIST', 'ENOENT', 'EBUSY', 'ENOTDIR'))
}

/** Empty when there is no such folder. */
async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(unless('ENOENT', 'ENOTDIR'))) ?? []
}

function unless(...codes: string[]): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (!codes.includes(error.code ?? '')) throw error
  }
}
