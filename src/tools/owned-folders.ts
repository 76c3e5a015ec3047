import { randomUUID } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { mayBeAlive, ownIdentity, type ProcessIdentity, parseIdentity } from '../process-identity.ts'

/** A new name that says which process it belongs to: no kill can fall between the making of a folder and a note of its owner. */
export function ownedName(prefix: string): string {
  return `${prefix}${Buffer.from(JSON.stringify(ownIdentity())).toString('base64url')}.${randomUUID()}`
}

/** Removes folders of processes of this machine that are dead. Resolves with their names. One that belongs to another user stays. */
export async function removeOrphaned(folder: string, prefix: string): Promise<string[]> {
  const removed: string[] = []
  for (const name of await namesIn(folder)) {
    const owner = ownerOf(prefix, name)
    if (owner === undefined || mayBeAlive(owner)) continue
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

/** Empty when the folder does not exist. */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
}

/** True for an error of the operating system with one of these codes. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

function ownerOf(prefix: string, name: string): ProcessIdentity | undefined {
  if (!name.startsWith(prefix)) return undefined
  const [encoded = ''] = name.slice(prefix.length).split('.')
  return parseIdentity(Buffer.from(encoded, 'base64url').toString('utf8'))
}
