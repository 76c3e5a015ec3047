import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ownIdentity } from '../../src/process-identity.ts'
import { lockDataDir } from '../../src/store/data-dir-lock.ts'
import { silentLog } from '../harness/redis.ts'

let dataDir: string
let file: string

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'o2ims-lock-'))
  file = join(dataDir, 'service.lock')
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

const lock = () => lockDataDir({ dataDir, log: silentLog() })

async function leaveBehind(identity: object, ageMs = 0): Promise<void> {
  await writeFile(file, JSON.stringify(identity))
  const then = new Date(Date.now() - ageMs)
  await utimes(file, then, then)
}

describe('the lock of a data folder', () => {
  it('is free again when it was let go, and leaves no file', async () => {
    const release = await lock()
    await expect(lock()).rejects.toMatchObject({ code: 'IN_USE' })
    await release()
    expect(await readdir(dataDir)).toEqual([])
    await (await lock())()
  })

  it('of a dead process is taken over, also when its pid lives again as another process', async () => {
    await leaveBehind({ ...ownIdentity(), startTime: '1' })
    const release = await lock()
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject(ownIdentity())
    await release()
  })

  it('of a dead process goes to one of many who ask at the same instant', async () => {
    await leaveBehind({ ...ownIdentity(), startTime: '1' })
    const results = await Promise.allSettled(Array.from({ length: 8 }, lock))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await readdir(dataDir)).toEqual(['service.lock'])
  })

  it('that cannot be read is taken over', async () => {
    await writeFile(file, '{"pid":')
    await (await lock())()
  })

  it('of another machine is taken over once it was not touched for ten seconds', async () => {
    await leaveBehind({ host: 'another/1', pid: 1, startTime: '1' }, 9000)
    const started = performance.now()
    const release = await lock()
    expect(performance.now() - started).toBeGreaterThan(500)
    await release()
  })

  it('of another machine that is touched is respected', async () => {
    await leaveBehind({ host: 'another/1', pid: 1, startTime: '1' })
    const timer = setInterval(() => void utimes(file, new Date(), new Date()), 200)
    try {
      await expect(lock()).rejects.toThrow('another machine')
    } finally {
      clearInterval(timer)
    }
  })
})
