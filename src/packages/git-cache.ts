import { createHash } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { messageOf, ServiceError } from '../errors.ts'
import { ownIdentity } from '../process-identity.ts'
import { hasCode } from '../system-error.ts'
import type { Git, ResolvedRef } from '../tools/git.ts'
import type { GitCall, GitRemote } from '../tools/git-remote.ts'
import { namesIn, ownedName, removeOrphaned } from '../tools/owned-folders.ts'

/** Alone under that name, across all processes that share the folder. */
export type WithLock = <T>(name: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>) => Promise<T>

export interface GitCacheLimits {
  entries: number
  bytes: number
}

export interface Clone {
  folder: string
  /** By this very call: its credential is good. A clone that others fetched says nothing of that; who has a credential has to ask the remote first. */
  fetched: boolean
}

export interface GitCache {
  /** The bare clone of that commit, fetched when it is not here. Errors: those of Git.fetch; PREFLIGHT_FAILED when it is too large. */
  clone(remote: GitRemote, ref: ResolvedRef, call: GitCall): Promise<Clone>
  /** A clone that turned out to be broken, or was removed while it was read. */
  forget(folder: string): Promise<void>
}

const ENTRY = /^[0-9a-f]{32}-([0-9a-f]{40}|[0-9a-f]{64})$/
const MAKING = 'making-'
const MEASURE_EVERY_MS = 500
/** Far longer than a fetch may take, with its wait for a place among the child processes. */
const FOREIGN_MS = 60 * 60_000
const NEVER = new AbortController().signal

/**
 * Clones in `folder`, one for each repository and commit. A clone gets its name when it is whole and never changes; until then its name says who makes it, so that what a
 * dead worker left half-made is known and removed. The least recently used go when there are too many, or when they are too large.
 */
export function createGitCache(parts: {
  git: Git
  folder: string
  limits: GitCacheLimits
  withLock: WithLock
  log: Logger
}): GitCache {
  const { git, folder, limits, withLock, log } = parts
  const { host } = ownIdentity()
  const scope = hashOf([host, folder]).slice(0, 16)

  async function make(remote: GitRemote, ref: ResolvedRef, whole: string, call: GitCall): Promise<void> {
    await sweep()
    const half = join(folder, ownedName(MAKING))
    await mkdir(half, { recursive: true, mode: 0o700 })
    const guard = sizeGuard(half, limits.bytes, remote)
    const signal = call.signal === undefined ? guard.signal : AbortSignal.any([call.signal, guard.signal])
    try {
      await git.fetch(remote, ref, half, { ...call, signal })
      await guard.check()
      await rename(half, whole)
    } finally {
      guard.stop()
      await rm(half, { recursive: true, force: true })
    }
    await evict(whole)
  }

  /** What dead workers left, also on a machine or in a container that is no more. */
  async function sweep(): Promise<void> {
    const clones = await removeOrphaned(folder, MAKING, FOREIGN_MS)
    if (clones.length > 0) log.info({ clones: clones.length }, 'half-made clones of a worker that died were removed')
  }

  async function evict(newest: string): Promise<void> {
    const entries = (await namesIn(folder)).filter((name) => ENTRY.test(name)).map((name) => join(folder, name))
    const known = await Promise.all(entries.map(async (path) => ({ path, ...(await sizeAndUse(path)) })))
    known.sort((a, b) => b.usedMs - a.usedMs)
    let bytes = 0
    for (const [index, entry] of known.entries()) {
      bytes += entry.bytes
      if (entry.path === newest || (index < limits.entries && bytes <= limits.bytes)) continue
      bytes -= entry.bytes
      await forget(entry.path)
    }
  }

  /** Renamed first: nobody finds a half of it. */
  async function forget(path: string): Promise<void> {
    const aside = join(folder, ownedName(MAKING))
    try {
      await rename(path, aside)
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return
      throw error
    }
    await rm(aside, { recursive: true, force: true })
  }

  const placeOf = ({ url, credential }: GitRemote, commit: string) =>
    // What was read with a credential is not for those without one.
    join(folder, `${hashOf([url, credential === undefined ? 'open' : 'private']).slice(0, 32)}-${commit}`)

  return {
    async clone(remote, ref, call) {
      const whole = placeOf(remote, ref.commit)
      if (await touched(whole)) return { folder: whole, fetched: false }
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const fetched = await withLock(`packages:${scope}:${hashOf([whole])}`, call.signal ?? NEVER, async (signal) => {
        if (await touched(whole)) return false
        await make(remote, ref, whole, { ...call, signal })
        return true
      })
      return { folder: whole, fetched }
    },

    forget,
  }
}

/** Says that it is used; false when it is not there. */
async function touched(path: string): Promise<boolean> {
  const now = new Date()
  return utimes(path, now, now).then(
    () => true,
    (error: unknown) => {
      if (hasCode(error, 'ENOENT')) return false
      throw error
    },
  )
}

/** Ends a fetch that brings more than the cache may hold: git itself knows no bound. */
function sizeGuard(path: string, most: number, { url }: GitRemote) {
  const tooLarge = new AbortController()
  const check = async () => {
    const { bytes } = await sizeAndUse(path)
    if (bytes <= most) return
    const megabytes = Math.round(most / 1024 / 1024)
    const error = new ServiceError(
      'PREFLIGHT_FAILED',
      `${url} is larger than the ${megabytes} MB that clones may take on this worker (setting PACKAGE_CACHE_MB)`,
    )
    tooLarge.abort(error)
    throw error
  }
  // What it throws here, the signal tells; a folder that cannot be read is told by git.
  const timer = setInterval(() => void check().catch(messageOf), MEASURE_EVERY_MS).unref()
  return { signal: tooLarge.signal, check, stop: () => clearInterval(timer) }
}

async function sizeAndUse(path: string): Promise<{ bytes: number; usedMs: number }> {
  try {
    const { mtimeMs } = await stat(path)
    const files = await readdir(path, { recursive: true, withFileTypes: true })
    const sizes = await Promise.all(
      files.filter((file) => file.isFile()).map((file) => sizeOf(join(file.parentPath, file.name))),
    )
    return { bytes: sizes.reduce((sum, size) => sum + size, 0), usedMs: mtimeMs }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return { bytes: 0, usedMs: 0 }
    throw error
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    (error: unknown) => {
      if (hasCode(error, 'ENOENT')) return 0
      throw error
    },
  )
}

function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
