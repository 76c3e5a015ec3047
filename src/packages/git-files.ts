import { ServiceError } from '../errors.ts'
import type { Git } from '../tools/git.ts'
import type { GitTreeEntry } from '../tools/git-output.ts'
import type { GitCall } from '../tools/git-remote.ts'
import { isPackageFile, PACKAGE_LIMITS, type PackageFile } from './package-reader.ts'

/**
 * Reads the package in a directory of a commit, by the rules of packages under the package root: the repository is the root. Nothing is checked out.
 * Undefined when the directory does not exist; PREFLIGHT_FAILED for what a package must not have or be; APPLY_FAILED (retryable) for a damaged clone.
 */
export async function readFromClone(
  git: Pick<Git, 'list' | 'look' | 'read'>,
  clone: string,
  { commit, directory }: { commit: string; directory: string },
  call: GitCall,
): Promise<PackageFile[] | undefined> {
  const refuse = (why: string) =>
    new ServiceError('PREFLIGHT_FAILED', `package ${JSON.stringify(directory.slice(0, 200))}: ${why}`)
  const listed = await git.list(clone, commit, directory, call)
  if (listed === undefined) return undefined

  const entries = listed.filter(({ path }) => !path.split('/').some((part) => part.startsWith('.')))
  const wanted = entries.filter(({ kind, path }) => kind !== 'file' || isPackageFile(nameOf(path))).sort(byPath)
  for (const { path, kind, size } of wanted) {
    if (/\p{Cc}/u.test(path)) throw refuse('has a file whose name has control characters')
    if (path.split('/').length - 1 > PACKAGE_LIMITS.deepest)
      throw refuse(`is more than ${PACKAGE_LIMITS.deepest} folders deep`)
    if (kind === 'repository') throw refuse(`${path} is another repository`)
    if (size > PACKAGE_LIMITS.largestFile) throw refuse(`${path} is larger than ${PACKAGE_LIMITS.largestFile} bytes`)
  }
  if (wanted.length > PACKAGE_LIMITS.mostFiles) throw refuse(`holds more than ${PACKAGE_LIMITS.mostFiles} files`)

  const inRepository = ({ path }: GitTreeEntry): string => (directory === '' ? path : `${directory}/${path}`)
  const links = wanted.filter(({ kind }) => kind === 'link')
  const targets = await git.look(clone, commit, links.map(inRepository), call)
  const sizes = new Map<string, number>()
  for (const [index, { path }] of links.entries()) {
    const target = targets[index]
    if (target?.is === 'outside') throw refuse(`${path} is a link that leads out of the repository`)
    if (target?.is === 'folder') throw refuse(`${path} is a link to a folder`)
    if (target?.is !== 'file') throw refuse(`${path} is a link that leads nowhere`)
    if (isPackageFile(nameOf(path)) && target.size > PACKAGE_LIMITS.largestFile)
      throw refuse(`${path} is larger than ${PACKAGE_LIMITS.largestFile} bytes`)
    sizes.set(path, target.size)
  }

  const toRead = wanted.filter(({ path }) => isPackageFile(nameOf(path)))
  // What a link leads to is read once for each link.
  const total = toRead.reduce((sum, { path, size }) => sum + (sizes.get(path) ?? size), 0)
  if (total > PACKAGE_LIMITS.largestPackage) throw refuse(`is larger than ${PACKAGE_LIMITS.largestPackage} bytes`)
  if (toRead.length === 0) throw refuse('holds no YAML file')

  const reads = await git.read(clone, commit, toRead.map(inRepository), call)
  return toRead.map(({ path }, index): PackageFile => {
    const read = reads[index]
    // It was listed: the clone has lost it.
    if (read?.is !== 'file')
      throw new ServiceError('APPLY_FAILED', `a cached clone has no ${path}`, { retryable: true })
    return { path, text: read.bytes.toString('utf8') }
  })
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const byPath = (a: GitTreeEntry, b: GitTreeEntry): number => (a.path < b.path ? -1 : 1)
