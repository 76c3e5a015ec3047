import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mayBeAlive, ownIdentity, parseIdentity, startTimeOf } from '../../src/process-identity.ts'
import { type OpenStore, openStore, type StoreSettings } from '../../src/store/open-store.ts'
import { eventually } from '../harness/eventually.ts'
import { silentLog, startRedis } from '../harness/redis.ts'
import { startNode } from '../harness/store-process.ts'

let folder: string
/** Ended and closed after each test, newest first. */
let leftovers: (() => Promise<void>)[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'o2ims-'))
  leftovers = []
})
afterEach(async () => {
  for (const end of leftovers.reverse()) await end()
  await rm(folder, { recursive: true, force: true })
})

async function open(settings: Partial<StoreSettings> = {}): Promise<OpenStore> {
  const opened = await openStore({
    settings: { dataDir: folder, redisTolerateVolatile: false, takeoverSeconds: 10, ...settings },
    log: silentLog(),
  })
  leftovers.push(opened.close)
  return opened
}

/** A service of its own on `dataDir`, that writes record `a` and is killed in the end. */
async function startService(dataDir = folder) {
  const service = await startNode(join(import.meta.dirname, '..', 'harness', 'processes', 'embedded.ts'), {
    DATA_DIR: dataDir,
  })
  leftovers.push(() => service.kill())
  return service
}

async function redisProcess(dataDir = folder) {
  const identity = parseIdentity(await readFile(join(dataDir, 'redis', 'redis.pid'), 'utf8'))
  if (identity === undefined) throw new Error('no pid file')
  return identity
}

describe('an embedded store', () => {
  it('keeps what it was given over a clean stop and start, and leaves no process or lock behind', async () => {
    const first = await open()
    expect(first.embedded).toBe(true)
    await first.store.collection<string>('things').create('a', 'kept')
    const sealed = first.store.secrets.seal('secret', 'a')
    const redis = await redisProcess()
    await first.close()
    expect(mayBeAlive(redis)).toBe(false)
    expect((await readdir(folder)).sort()).toEqual(['encryption.key', 'redis'])

    const second = await open()
    expect(await second.store.collection<string>('things').get('a')).toMatchObject({ value: 'kept' })
    expect(second.store.secrets.open(sealed, 'a')).toBe('secret')
  })

  it('listens on a socket only, in a folder of its owner, in a session of its own', async () => {
    await open()
    const { pid } = await redisProcess()
    expect((await stat(join(folder, 'redis'))).mode & 0o777).toBe(0o700)
    const socket = await stat(join(folder, 'redis', 'redis.sock'))
    expect(socket.isSocket()).toBe(true)
    expect(socket.mode & 0o077).toBe(0)
    const sockets =
      spawnSync('ls', ['-l', `/proc/${pid}/fd`], { encoding: 'utf8' }).stdout.match(/socket:\[(\d+)\]/g) ?? []
    const tcp = (await readFile('/proc/net/tcp', 'utf8')) + (await readFile('/proc/net/tcp6', 'utf8'))
    for (const inode of sockets) expect(tcp).not.toContain(` ${inode.slice(8, -1)} `)
    const session = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ')[3]
    expect(session).toBe(String(pid))
  })

  it('falls back to a loopback port with a password when the path is too long for a socket, and shows it to nobody', async () => {
    const dataDir = join(folder, 'long'.repeat(30))
    const { store, connectQueue } = await open({ dataDir })
    await store.ping()
    expect(existsSync(join(dataDir, 'redis', 'redis.sock'))).toBe(false)
    const { pid } = await redisProcess(dataDir)
    const queue = connectQueue()
    await queue.ping()
    const { host, password } = queue.options
    queue.disconnect()
    expect(host).toBe('127.0.0.1')
    expect(password).toMatch(/^.{32}$/)
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(password)
    for (const file of await readdir(join(dataDir, 'redis'), { recursive: true, withFileTypes: true })) {
      if (file.isFile()) expect(await readFile(join(file.parentPath, file.name), 'latin1')).not.toContain(password)
    }
  })

  it('after a kill -9 of the service, ends the server it left running and has what was written', async () => {
    const service = await startService()
    const orphan = await redisProcess()
    await service.kill()
    expect(mayBeAlive(orphan)).toBe(true)
    const { store } = await open()
    expect(mayBeAlive(orphan)).toBe(false)
    expect(await store.collection<string>('things').get('a')).toMatchObject({
      value: 'written by the service',
    })
    expect((await redisProcess()).pid).not.toBe(orphan.pid)
  })

  it('ends a hanging server of a killed service as well', async () => {
    const service = await startService()
    const orphan = await redisProcess()
    process.kill(orphan.pid, 'SIGSTOP')
    await service.kill()
    const { store } = await open()
    expect(mayBeAlive(orphan)).toBe(false)
    expect((await store.collection<string>('things').get('a'))?.value).toBe('written by the service')
  }, 30_000)

  it('leaves a process alone that was given the pid of a server that is gone', async () => {
    const bystander = spawn('sleep', ['60'], { stdio: 'ignore' })
    leftovers.push(async () => void bystander.kill('SIGKILL'))
    const { pid = 0 } = bystander
    await mkdir(join(folder, 'redis'))
    await writeFile(join(folder, 'redis', 'redis.pid'), JSON.stringify({ ...ownIdentity(), pid, startTime: '1' }))
    await open()
    expect(startTimeOf(pid)).toBeDefined()
  })

  it('refuses a second service on the same folder with a sentence, in the same process too', async () => {
    const service = await startService()
    const refused = open()
    await expect(refused).rejects.toMatchObject({ code: 'IN_USE' })
    await expect(refused).rejects.toThrow(new RegExp(`process ${service.pid}\\).*DATA_DIR`))
    await service.kill()
    await open()
    await expect(open()).rejects.toMatchObject({ code: 'IN_USE' })
  })

  it('starts its server again when that dies, and calls go on', async () => {
    const { store } = await open()
    const things = store.collection<string>('things')
    await things.create('a', 'kept')
    const before = await redisProcess()
    await sleep(1100)
    process.kill(before.pid, 'SIGKILL')
    await eventually(async () => expect((await things.get('a'))?.value).toBe('kept'), 10_000)
    expect((await redisProcess()).pid).not.toBe(before.pid)
  })

  it('says what to install when there is no server, and leaves no lock behind', async () => {
    const path = process.env.PATH
    process.env.PATH = folder
    try {
      const refused = open()
      await expect(refused).rejects.toMatchObject({ code: 'PREFLIGHT_FAILED' })
      await expect(refused).rejects.toThrow(/apt-get install redis-server.*REDIS_URL/)
    } finally {
      process.env.PATH = path
    }
    expect(existsSync(join(folder, 'service.lock'))).toBe(false)
  })

  it('refuses to go on with data whose key is lost', async () => {
    const first = await open()
    await first.close()
    await rm(join(folder, 'encryption.key'))
    await expect(open()).rejects.toMatchObject({ code: 'INVALID_ARGS' })
  })
})

describe('a store with REDIS_URL', () => {
  it('starts no server, needs no folder, and holds nobody from starting beside it', async () => {
    const redis = await startRedis()
    leftovers.push(redis.stop)
    const settings = { redisUrl: redis.url, encryptionKey: randomBytes(32), dataDir: join(folder, 'never') }
    const [first, second] = [await open(settings), await open(settings)]
    expect(first.embedded).toBe(false)
    await first.store.collection<string>('things').create('a', 'shared')
    expect((await second.store.collection<string>('things').get('a'))?.value).toBe('shared')
    expect(existsSync(settings.dataDir)).toBe(false)
    await first.close()
    await second.close()
  })
})
