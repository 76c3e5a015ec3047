import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'

/** In memory where Linux has it, so that the pages are on no disk. */
const SHARED_MEMORY = '/dev/shm'

/**
 * Hands a secret to `work` as an open file that has no name: it is made empty, its name is taken away, then the content is written. A child that
 * inherits the descriptor opens it again, as often as it likes, by `/proc/self/fd/<number>`. Nothing is left, whenever we are killed. Linux only.
 */
export async function withSecretFile<T>(
  content: string,
  folder: string,
  work: (descriptor: number) => Promise<T>,
): Promise<T> {
  const file = await nameless([SHARED_MEMORY, folder])
  try {
    await file.writeFile(content)
    return await work(file.fd)
  } finally {
    await file.close()
  }
}

async function nameless(folders: string[]): Promise<FileHandle> {
  const [first = '', ...others] = folders
  const path = join(first, `o2ims-${randomUUID()}`)
  try {
    if (others.length === 0) await mkdir(first, { recursive: true, mode: 0o700 })
    const file = await open(path, 'wx+', 0o600)
    await unlink(path)
    return file
  } catch (error) {
    if (others.length === 0) throw error
    return nameless(others)
  }
}
