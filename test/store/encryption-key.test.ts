import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyFromFile, keyOfDataDir, parseKey } from '../../src/store/encryption-key.ts'
import { KEYS } from '../../src/store/keys.ts'
import { createTestStore, plainConnection } from '../harness/redis.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'o2ims-key-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the key file', () => {
  it('is made once, for its owner only, whoever asks first', async () => {
    const dataDir = join(folder, 'new', 'data')
    const keys = await Promise.all([keyOfDataDir(dataDir), keyOfDataDir(dataDir)])
    expect(keys[0]).toHaveLength(32)
    expect(await keyOfDataDir(dataDir)).toEqual(keys[0])
    expect(keys[1]).toEqual(keys[0])
    expect((await stat(join(dataDir, 'encryption.key'))).mode & 0o777).toBe(0o600)
    expect(await readdir(dataDir)).toEqual(['encryption.key'])
  })

  it('that holds something else is refused, and neither replaced nor shown', async () => {
    await writeFile(join(folder, 'encryption.key'), 'half of a ke')
    const refused = keyOfDataDir(folder)
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGS' })
    await expect(refused).rejects.not.toThrow('half')
  })

  it('of a mounted secret is read as it is, without a change of its mode', async () => {
    const key = randomBytes(32)
    const file = join(folder, 'secret')
    await writeFile(file, key.toString('base64'), { mode: 0o440 })
    expect(await keyFromFile(file)).toEqual(key)
    expect((await stat(file)).mode & 0o777).toBe(0o440)
  })

  it('that cannot be made is told with what to do', async () => {
    await expect(keyFromFile('/sys/nowhere/key')).rejects.toThrow(/missing and cannot be made: mount the file/)
  })
})

describe('parseKey', () => {
  it('takes 32 bytes in base64 and nothing else', () => {
    const key = randomBytes(32)
    expect(parseKey(key.toString('base64'))).toEqual(key)
    for (const text of [
      '',
      'x',
      key.toString('hex'),
      `${key.toString('base64')} `,
      randomBytes(31).toString('base64'),
    ]) {
      expect(parseKey(text)).toBeUndefined()
    }
  })
})

describe('the check value in Redis', () => {
  it('refuses a wrong key at start, lets the right one in, and holds no key', async () => {
    const test = await createTestStore()
    try {
      const wrong = test.another({ key: randomBytes(32) })
      await expect(wrong).rejects.toMatchObject({ code: 'INVALID_ARGS' })
      await expect(wrong).rejects.toThrow('ENCRYPTION_KEY')
      await (await test.another()).close()
      const redis = plainConnection(test.redis)
      expect(await redis.get(KEYS.keyCheck)).not.toContain(test.key)
      await redis.set(KEYS.keyCheck, 'nonsense')
      redis.disconnect()
      await expect(test.another()).rejects.toMatchObject({ code: 'INVALID_ARGS' })
    } finally {
      await test.stop()
    }
  })
})
