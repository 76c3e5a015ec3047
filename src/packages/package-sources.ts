import { ServiceError } from '../errors.ts'
import type { Git, ResolvedRef } from '../tools/git.ts'
import { isCommit } from '../tools/git.ts'
import type { GitRemote } from '../tools/git-remote.ts'
import type { GitCache } from './git-cache.ts'
import { readFromClone } from './git-files.ts'
import type { GitSource, PackageOrigin, PackageSource, RenderOptions } from './package-port.ts'
import { IS_THE_ROOT, type PackageFile, readPackage } from './package-reader.ts'
import { checkRef, directoryOf, remoteOf } from './repository.ts'

/** The operator's own repository of packages: a package that is given by name is looked up there first. */
export type Catalogue = GitSource

export interface FoundPackage {
  files: PackageFile[]
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
    return { files: await readPackage(packageRoot, path), origin: { from: 'package-root', directory: path } }
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
  const resolved = await resolve(git, cache, remote, { ref, pinned: source.commit }, options)
  const { commit } = resolved
  for (let again = false; ; again = true) {
    const clone = await cache.clone(remote, resolved, options)
    try {
      const files = await readFromClone(git, clone, { commit, directory }, options)
      if (files === undefined) return { url: remote.url, ref }
      return { files, origin: { from: 'git', repository: remote.url, ref, commit, directory } }
    } catch (error) {
      // Removed by others while it was read, or damaged: fetched anew, once.
      if (again || !(error instanceof ServiceError) || error.code !== 'APPLY_FAILED') throw error
      options.signal?.throwIfAborted()
      await cache.forget(clone)
    }
  }
}

/** Without the remote where nothing has to be asked: the commit is known, its clone is here, and everybody may read it. */
async function resolve(
  git: Git,
  cache: GitCache,
  remote: GitRemote,
  { ref, pinned }: { ref: string; pinned: string | undefined },
  options: RenderOptions,
): Promise<ResolvedRef> {
  const known = pinned ?? (isCommit(ref) ? ref : undefined)
  if (known === undefined) return git.resolve(remote, ref, options)
  const commit: ResolvedRef = { commit: known, name: known, kind: 'commit' }
  if (remote.credential === undefined) return commit
  return (await cache.has(remote, known)) ? git.resolve(remote, known, options) : commit
}

function needed(git: GitParts | undefined): GitParts {
  if (git !== undefined) return git
  throw new ServiceError('PREFLIGHT_FAILED', 'this worker reads no packages from git')
}
