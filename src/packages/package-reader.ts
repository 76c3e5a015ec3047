import type { Stats } from 'node:fs'
import { lstat, readdir, readFile, realpath } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { ServiceError } from '../errors.ts'
import { hasCode } from '../system-error.ts'

/** A file of a package; `path` is relative to the package, with slashes. */
export interface PackageFile {
  path: string
  text: string
}

/** What a package may be, wherever it comes from; sizes in bytes. */
export const PACKAGE_LIMITS = {
  mostFiles: 500,
  largestFile: 1024 * 1024,
  /** Below what is kept of a child's output: it has to come through there in one piece. */
  largestPackage: 6 * 1024 * 1024,
  deepest: 10,
}
export const IS_THE_ROOT = 'is where all packages lie, and none itself: name a folder in it'
const { mostFiles, largestFile, largestPackage, deepest } = PACKAGE_LIMITS

/**
 * Reads the Kptfile and the YAML files of the package in folder `path` under `root`, in the order of their paths. PREFLIGHT_FAILED: no such folder, a
 * path or a link that leaves the root or is the root itself, a file that is none, or more than a package may be.
 */
export async function readPackage(root: string, path: string): Promise<PackageFile[]> {
  const refuse = (why: string) =>
    new ServiceError('PREFLIGHT_FAILED', `package ${JSON.stringify(path.slice(0, 200))}: ${why}`)
  if (path === '' || path.includes('\0') || isAbsolute(path) || path.includes('\\')) {
    throw refuse('must be the path of a folder relative to the package root')
  }
  if (path.split('/').some((part) => part === '..')) throw refuse('must not climb out of the package root')

  const top = await resolved(root)
  if (top === undefined) throw refuse(`the package root of this worker does not exist (setting PACKAGE_ROOT)`)
  const folder = join(top, path)
  const real = await inside(folder, path)
  // Everything that lies there would be one package.
  if (real === top) throw refuse(IS_THE_ROOT)
  if (!(await lstat(real)).isDirectory()) throw refuse('is no folder')

  const files: PackageFile[] = []
  let size = 0
  await readFolder(real, 0)
  if (files.length === 0) throw refuse('holds no YAML file')
  return files

  /** Where it really is; refused when that is not under the root. */
  async function inside(file: string, called: string): Promise<string> {
    const found = await resolved(file)
    if (found === undefined)
      throw refuse(called === path ? 'does not exist under the package root' : `${called} is a link that leads nowhere`)
    if (found !== top && !found.startsWith(top + sep))
      throw refuse(`${called === path ? 'it' : called} is a link that leads out of the package root`)
    return found
  }

  async function readFolder(current: string, depth: number): Promise<void> {
    if (depth > deepest) throw refuse(`is more than ${deepest} folders deep`)
    const entries = await readdir(current, { withFileTypes: true })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.')) continue
      const file = join(current, entry.name)
      const called = relative(real, file).split(sep).join('/')
      const target = entry.isSymbolicLink() ? await inside(file, called) : file
      const kind = await lstat(target)
      // A linked folder may hold itself.
      if (kind.isDirectory() && entry.isSymbolicLink()) throw refuse(`${called} is a link to a folder`)
      if (kind.isDirectory()) await readFolder(file, depth + 1)
      else if (isPackageFile(entry.name)) await readOne(target, called, kind)
    }
  }

  /** What is too large is never read: a sparse file costs its writer nothing, and us its whole length. */
  async function readOne(file: string, called: string, kind: Stats): Promise<void> {
    if (!kind.isFile()) throw refuse(`${called} is no regular file`)
    if (files.length === mostFiles) throw refuse(`holds more than ${mostFiles} files`)
    refuseTooLarge(kind.size)
    const bytes = await readFile(file)
    refuseTooLarge(bytes.length)
    size += bytes.length
    files.push({ path: called, text: bytes.toString('utf8') })

    function refuseTooLarge(length: number): void {
      if (length > largestFile) throw refuse(`${called} is larger than ${largestFile} bytes`)
      if (size + length > largestPackage) throw refuse(`is larger than ${largestPackage} bytes`)
    }
  }
}

/** Kptfile and YAML; anything else in a folder is none of our business. */
export function isPackageFile(name: string): boolean {
  return name === 'Kptfile' || name.endsWith('.yaml') || name.endsWith('.yml')
}

async function resolved(path: string): Promise<string | undefined> {
  try {
    return await realpath(path)
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined
    throw error
  }
}
