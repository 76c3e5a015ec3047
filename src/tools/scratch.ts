import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hasCode } from '../system-error.ts'
import { ownedName, removeOrphaned } from './owned-folders.ts'

/** In memory where Linux has it: what is written there is on no disk. */
const SHARED_MEMORY = '/dev/shm'
const PREFIX = 'o2ims-scratch-'

/** A private folder for `work`, gone afterwards; what dead workers left goes on the way. It lies below `folder` where there is no shared memory. */
export async function withScratch<T>(folder: string, work: (path: string) => Promise<T>): Promise<T> {
  const path = (await made(SHARED_MEMORY, false)) ?? (await made(folder, true))
  if (path === undefined) throw new Error(`no folder can be made below ${folder}`)
  try {
    await removeOrphaned(dirname(path), PREFIX)
    return await work(path)
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}

/** Writes files below a folder; their paths are relative, with slashes, and stay inside. */
export async function writeFiles(folder: string, files: readonly { path: string; text: string }[]): Promise<void> {
  for (const { path, text } of files) {
    if (path.split('/').some((part) => part === '' || part === '.' || part === '..'))
      throw new Error(`${path} does not stay inside of the folder`)
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await writeFile(file, text, { mode: 0o600 })
  }
}

async function made(root: string, recursive: boolean): Promise<string | undefined> {
  const path = join(root, ownedName(PREFIX))
  return mkdir(path, { recursive, mode: 0o700 }).then(
    () => path,
    (error: unknown) => {
      if (hasCode(error, 'ENOENT', 'EACCES', 'EROFS')) return undefined
      throw error
    },
  )
}
