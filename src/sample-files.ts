import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { z } from 'zod'
import { messageOf } from './errors.ts'
import { parsePlain } from './plain-yaml.ts'
import { hasCode } from './system-error.ts'

/** One file of samples, read: its content, or why it cannot be read. */
type SampleFile = { file: string; content: unknown } | { file: string; unreadable: string }

const MOST_FILES = 200
const MOST_BYTES = 1024 * 1024

/** Loads the samples of a folder, all at once: the store writes to the disk for all that wait, not for each. A file that is none of that kind is a warning. */
export async function loadSamples<T>(
  { directory, kind, schema, log }: { directory: string; kind: string; schema: z.ZodType<T>; log: Logger },
  load: (sample: T, file: string) => Promise<void>,
): Promise<void> {
  async function loadFile(sample: SampleFile): Promise<void> {
    const { file } = sample
    if ('unreadable' in sample) return log.warn({ file, cause: sample.unreadable }, `a sample ${kind} cannot be read`)
    const parsed = schema.safeParse(sample.content)
    if (parsed.success) return load(parsed.data, file)
    const cause = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    log.warn({ file, cause }, `a sample file is no ${kind}`)
  }
  await Promise.all((await readSampleFiles(directory)).map(loadFile))
}

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
