import { ServiceError } from '../errors.ts'
import { createRounds } from '../rounds.ts'
import type { Git, ResolvedRef } from '../tools/git.ts'
import { isCommit } from '../tools/git.ts'
import type { GitCache } from './git-cache.ts'
import { readFromClone } from './git-files.ts'
import type { GitSource, PackageOrigin, PackageSource, RenderOptions } from './package-port.ts'
import { IS_THE_ROOT, type PackageFile, readPackage } from './package-reader.ts'
import { checkRef, directoryOf, remoteOf } from './repository.ts'

/** The operator's own repository of packages: a package that is given by name is looked up there first. */
export type Catalogue = GitSource

export interface FoundPackage {
  files: readonly PackageFile[]
  origin: PackageOrigin
}

export interface PackageSources {
  /** The files of a package. Errors: PREFLIGHT_FAILED, INVALID_ARGS, UNAVAILABLE (retryable) when its repository is away. */
  find(source: PackageSource, options: RenderOptions): Promise<FoundPackage>
  /** The same package at an earlier commit; undefined when its repository does not have that any more. */
  at(commit: string, source: PackageSource, options: RenderOptions): Promise<FoundPackage | undefined>
}

export interface GitParts {
  git: Git
  cache: GitCache
}

/**
 * Where packages come from. By name: `renamed` says which path stands for a name; then the catalogue, where there is one, and what it does not have is looked up under the
 * package root. With a repository: there, and nowhere else.
 */
export function createPackageSources(parts: {
  packageRoot: string
  git?: GitParts
  catalogue?: Catalogue
  renamed?: Readonly<Record<string, string>>
}): PackageSources {
  const { packageRoot, git, catalogue, renamed = {} } = parts
  const reading = createRounds<PackageFile[]>()

  async function find(source: PackageSource, options: RenderOptions): Promise<FoundPackage> {
    if (source.git !== undefined) {
      const found = await inRepository(needed(git), source.git, { source, trusted: false }, options)
      if ('files' in found) return found
      throw new ServiceError(
        'PREFLIGHT_FAILED',
        `package ${JSON.stringify(source.path)} does not exist in ${found.url} at ${found.ref}`,
      )
    }
    const name = plainName(source.path)
    if (name === '')
      throw new ServiceError('PREFLIGHT_FAILED', `package ${JSON.stringify(source.path)}: ${IS_THE_ROOT}`)
    const path = Object.hasOwn(renamed, name) ? (renamed[name] ?? name) : name
    const named = { ...source, path }
    if (catalogue === undefined) return underRoot(path)
    const found = await inRepository(needed(git), catalogue, { source: named, trusted: true }, options)
    if ('files' in found) return found
    return underRoot(path).catch((error: unknown) => {
      if (!(error instanceof ServiceError)) throw error
      const elsewhere = `the catalogue ${found.url} has no such folder at ${found.ref} (settings KPT_CATALOG_URL, KPT_CATALOG_REF)`
      throw new ServiceError(error.code, `${error.message}; ${elsewhere}`)
    })
  }

  async function underRoot(path: string): Promise<FoundPackage> {
    const files = await reading.join(path, () => readPackage(packageRoot, path))
    return { files, origin: { from: 'package-root', directory: path } }
  }

  return {
    find,
    async at(commit, source, options) {
      return find({ ...source, commit }, options).catch((error: unknown) => {
        if (error instanceof ServiceError && error.code === 'PREFLIGHT_FAILED') return undefined
        throw error
      })
    },
  }
}

/** `./5g-ran` and `5g-ran/` are `5g-ran`; '' is the folder of all packages. What is no relative path stays as it is, and is refused by who reads it. */
function plainName(path: string): string {
  if (path.startsWith('/')) return path
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')
}

type NotThere = { url: string; ref: string }

async function inRepository(
  { git, cache }: GitParts,
  { repository, ref, credential, hostKeys }: GitSource,
  { source, trusted }: { source: PackageSource; trusted: boolean },
  options: RenderOptions,
): Promise<FoundPackage | NotThere> {
  const remote = remoteOf({ repository, credential, hostKeys }, { trusted })
  checkRef(ref)
  const directory = directoryOf(source.path)
  const known = source.commit ?? (isCommit(ref) ? ref : undefined)
  const resolved: ResolvedRef =
    known === undefined ? await git.resolve(remote, ref, options) : { commit: known, name: known, kind: 'commit' }
  const { commit } = resolved
  // Nothing has to be asked where the commit is known and everybody may read it.
  let mayRead = known === undefined || remote.credential === undefined
  for (let again = false; ; again = true) {
    const { folder, fetched } = await cache.clone(remote, resolved, options)
    if (!mayRead && !fetched) await git.resolve(remote, commit, options)
    mayRead = true
    try {
      const files = await readFromClone(git, folder, { commit, directory }, options)
      if (files === undefined) return { url: remote.url, ref }
      return { files, origin: { from: 'git', repository: remote.url, ref, commit, directory } }
    } catch (error) {
      // Removed by others while it was read, or damaged: fetched anew, once.
      if (again || !(error instanceof ServiceError) || error.code !== 'APPLY_FAILED') throw error
      options.signal?.throwIfAborted()
      await cache.forget(folder)
    }
  }
}

function needed(git: GitParts | undefined): GitParts {
  if (git !== undefined) return git
  throw new ServiceError('PREFLIGHT_FAILED', 'this worker reads no packages from git')
}
