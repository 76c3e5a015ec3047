import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import { afterEach, beforeEach } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { createTestStore, type TestStore } from './redis.ts'

export const SAMPLES = join(import.meta.dirname, '../../samples')

export interface SampleWorld extends TestStore {
  /** A folder for the samples of one test. */
  directory: string
  write(file: string, content: string): Promise<void>
}

export interface SampleWorlds {
  /** That of the test that runs. */
  now(): SampleWorld
  log: Logger
  /** The warnings of the test that runs. */
  warnings(): JsonObject[]
}

/** A store, a folder and a log for each test of the calling `describe`. */
export function sampleWorlds(): SampleWorlds {
  let world: SampleWorld | undefined
  let logged: JsonObject[] = []
  beforeEach(async () => {
    logged = []
    const directory = await mkdtemp(join(tmpdir(), 'o2ims-samples-'))
    const store = await createTestStore()
    world = { ...store, directory, write: (file, content) => writeFile(join(directory, file), content) }
  })
  afterEach(async () => {
    await world?.stop()
    if (world) await rm(world.directory, { recursive: true, force: true })
  })
  return {
    now() {
      if (!world) throw new Error('no test is running')
      return world
    },
    log: pino({ level: 'warn' }, { write: (line: string) => logged.push(JSON.parse(line)) }),
    warnings: () => logged,
  }
}
