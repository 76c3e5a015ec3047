import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { messageOf, ServiceError } from '../errors.ts'
import { isOfThisHost, mayBeAlive, ownIdentity, parseIdentity } from '../process-identity.ts'
import { hasCode } from '../system-error.ts'

const TOUCH_MS = 2000
/** A lock of another machine or container cannot be looked into; untouched for so long it is stale. */
const STALE_MS = 10_000
const MAX_ATTEMPTS = 10
const SETTLE_MS = 50

/**
 * One service for each data folder: `<dataDir>/service.lock` names the process that has it. A lock of a dead process is
 * taken over. Rejects with IN_USE when another service lives there. Resolves to the way to let go.
 */
export async function lockDataDir({ dataDir, log }: { dataDir: string; log: Logger }): Promise<() => Promise<void>> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const file = join(dataDir, 'service.lock')
  const own = JSON.stringify({ ...ownIdentity(), token: randomUUID() })
  for (let attempt = 1; !(await create(file, own)) || !(await settles(file, own)); attempt += 1) {
    if (attempt > MAX_ATTEMPTS)
      throw new ServiceError('IN_USE', `${file} changes hands all the time: start one service only`)
    await pushAside(file)
  }

  const timer = setInterval(() => {
    utimes(file, new Date(), new Date()).catch((error: unknown) =>
      log.warn({ file, reason: messageOf(error) }, 'the lock of the data folder cannot be touched'),
    )
  }, TOUCH_MS).unref()
  return async () => {
    clearInterval(timer)
    if ((await read(file)) === own) await rm(file, { force: true })
  }
}

/** False when there is one. Linked into place, so that nobody reads half of it. */
async function create(file: string, text: string): Promise<boolean> {
  const aside = `${file}.${randomUUID()}`
  await writeFile(aside, text, { mode: 0o600 })
  try {
    await link(aside, file)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  } finally {
    await rm(aside, { force: true })
  }
}

/** Somebody who found a stale lock just before may have moved this one away. */
async function settles(file: string, own: string): Promise<boolean> {
  await sleep(SETTLE_MS)
  return (await read(file)) === own
}

async function pushAside(file: string): Promise<void> {
  const text = await read(file)
  if (text === undefined) return
  const owner = parseIdentity(text)
  if (owner !== undefined && (isOfThisHost(owner) ? mayBeAlive(owner) : await isTouched(file))) {
    const where = isOfThisHost(owner) ? `process ${owner.pid}` : 'a process of another machine'
    throw new ServiceError(
      'IN_USE',
      `another o2ims (${where}) uses this DATA_DIR: stop it, or set another DATA_DIR (${file})`,
    )
  }
  const aside = `${file}.${randomUUID()}`
  await rename(file, aside).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT')) throw error
  })
  // Somebody else was faster, and what was moved away is a fresh lock: it goes back.
  if (((await read(aside)) ?? text) !== text) {
    await link(aside, file).catch((error: unknown) => {
      // A third one has it; the second sees that when it settles.
      if (!hasCode(error, 'EEXIST')) throw error
    })
  }
  await rm(aside, { force: true })
}

/** Looks for as long as it takes to be sure. */
async function isTouched(file: string): Promise<boolean> {
  const first = await touchedAt(file)
  if (first === undefined) return false
  const ageMs = Math.min(Math.max(Date.now() - first, 0), STALE_MS)
  const end = performance.now() + STALE_MS - ageMs
  while (performance.now() < end) {
    await sleep(TOUCH_MS / 4)
    const now = await touchedAt(file)
    if (now !== first) return now !== undefined
  }
  return false
}

async function touchedAt(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    (error: unknown) => {
      if (hasCode(error, 'ENOENT')) return undefined
      throw error
    },
  )
}

async function read(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  })
}
