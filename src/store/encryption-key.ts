import { randomBytes, randomUUID } from 'node:crypto'
import { chmod, link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ServiceError } from '../errors.ts'
import { hasCode } from '../system-error.ts'
import { KEYS } from './keys.ts'
import type { RedisClient } from './redis-client.ts'
import { KEY_BYTES } from './secret-box.ts'
import type { SecretBox } from './store.ts'

const CONSTANT = 'o2ims'

/** 32 bytes from their base64 text; undefined when it is anything else. */
export function parseKey(text: string): Uint8Array | undefined {
  const key = Buffer.from(text, 'base64')
  return key.length === KEY_BYTES && key.toString('base64') === text ? key : undefined
}

/** The key of an embedded store: `<dataDir>/encryption.key`, readable by its owner only, whoever put it there. */
export async function keyOfDataDir(dataDir: string): Promise<Uint8Array> {
  const file = join(dataDir, 'encryption.key')
  const key = await keyFromFile(file)
  await chmod(file, 0o600)
  return key
}

/** The key that a file holds; made once, when there is none. INVALID_ARGS when the file holds something else, or cannot be made. */
export async function keyFromFile(file: string): Promise<Uint8Array> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return makeKeyFile(file)
    throw error
  })
  const key = parseKey(text.trim())
  if (key === undefined) {
    throw new ServiceError(
      'INVALID_ARGS',
      `${file} does not hold a key of ${KEY_BYTES} bytes in base64: put the former file back`,
    )
  }
  return key
}

/** Written aside and linked into place, so that a crash leaves no half of a key. */
async function makeKeyFile(file: string): Promise<string> {
  const aside = `${file}.${randomUUID()}`
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const handle = await open(aside, 'w', 0o600)
    try {
      await handle.writeFile(`${randomBytes(KEY_BYTES).toString('base64')}\n`)
      await handle.sync()
      await link(aside, file)
    } finally {
      await handle.close()
      await rm(aside, { force: true })
    }
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) {
      const advice = 'mount the file that holds the key, or a folder that can be written to'
      throw new ServiceError('INVALID_ARGS', `${file} is missing and cannot be made: ${advice}`, { cause: error })
    }
  }
  return readFile(file, 'utf8')
}

/** Refuses a key that cannot open what is stored (trap 16): a constant, sealed by the first start, tells. */
export async function checkKey({ client, secrets }: { client: RedisClient; secrets: SecretBox }): Promise<void> {
  const sealed = await client.run(async (redis) => {
    await redis.setnx(KEYS.keyCheck, secrets.seal(CONSTANT, KEYS.keyCheck))
    return redis.get(KEYS.keyCheck)
  })
  try {
    if (secrets.open(sealed ?? '', KEYS.keyCheck) === CONSTANT) return
  } catch (error) {
    throw wrongKey(error)
  }
  throw wrongKey()
}

function wrongKey(cause?: unknown): ServiceError {
  const advice = 'give back the former ENCRYPTION_KEY (or the file that held it), or start with an empty store'
  return new ServiceError(
    'INVALID_ARGS',
    `the encryption key is not the one that the stored data were sealed with: ${advice}`,
    { cause },
  )
}
