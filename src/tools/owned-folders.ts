import { createHash, randomBytes } from 'node:crypto'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { mayBeAlive, ownIdentity } from '../process-identity.ts'
import { hasCode } from '../system-error.ts'

/** A new name that says which process it belongs to: no kill can fall between the making of a thing and a note of its owner. Short, for it goes into paths. */
export function ownedName(prefix: string): string {
  const { pid, startTime, host } = ownIdentity()
  return `${prefix}${pid}-${startTime}-${hashOf(host)}-${randomBytes(6).toString('hex')}`
}

/** True: the process that the name was made by is certainly dead. One of another machine cannot be looked at from here. */
export function isOrphaned(prefix: string, name: string): boolean {
  const owner = ownerIn(prefix, name)
  const { host } = ownIdentity()
  if (owner === undefined || owner.where !== hashOf(host)) return false
  return !mayBeAlive({ host, pid: owner.pid, startTime: owner.startTime })
}

function ownerIn(prefix: string, name: string): { pid: number; startTime: string; where: string } | undefined {
  const [, pid, startTime = '', where = ''] =
    /^(\d+)-(\d*)-([0-9a-f]{8})-[0-9a-f]{12}$/.exec(name.slice(prefix.length)) ?? []
  return name.startsWith(prefix) && pid !== undefined ? { pid: Number(pid), startTime, where } : undefined
}

/**
 * Removes folders of processes of this machine that are dead, and with `foreignMs` those of other machines (and of this one before it was started anew) that were not changed for
 * so long. Resolves with their names. One that belongs to another user stays.
 */
export async function removeOrphaned(folder: string, prefix: string, foreignMs?: number): Promise<string[]> {
  const removed: string[] = []
  for (const name of await namesIn(folder)) {
    const owner = ownerIn(prefix, name)
    if (owner === undefined) continue
    const foreign = owner.where !== hashOf(ownIdentity().host)
    if (foreign ? !(await isOlder(join(folder, name), foreignMs)) : !isOrphaned(prefix, name)) continue
    const gone = await rm(join(folder, name), { recursive: true, force: true }).then(
      () => true,
      (error: unknown) => {
        if (hasCode(error, 'EACCES', 'EPERM')) return false
        throw error
      },
    )
    if (gone) removed.push(name)
  }
  return removed
}

async function isOlder(path: string, ms = Number.POSITIVE_INFINITY): Promise<boolean> {
  return stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > ms,
    (error: unknown) => {
      if (hasCode(error, 'ENOENT')) return false
      throw error
    },
  )
}

/** Empty when the folder does not exist. */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8)
