import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from './errors.ts'
import { parsePlain } from './plain-yaml.ts'
import { hasCode } from './system-error.ts'

/** One file of samples, read: its content, or why it cannot be read. */
export type SampleFile = { file: string; content: unknown } | { file: string; unreadable: string }

const MOST_FILES = 200
const MOST_BYTES = 1024 * 1024

/** The YAML files of a folder, by name. A folder that is not there has none. */
export async function readSampleFiles(directory: string): Promise<SampleFile[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
  const files = names.filter((name) => /\.ya?ml$/.test(name)).sort()
  return Promise.all(files.slice(0, MOST_FILES).map((file) => readSample(directory, file)))
}

async function readSample(directory: string, file: string): Promise<SampleFile> {
  try {
    const path = join(directory, file)
    const { size } = await stat(path)
    if (size > MOST_BYTES) return { file, unreadable: `has ${size} bytes; ${MOST_BYTES} are allowed` }
    return { file, content: parsePlain(await readFile(path, 'utf8')) }
  } catch (error) {
    return { file, unreadable: messageOf(error) }
  }
}
