import { ServiceError } from '../errors.ts'
import type { ChildProcesses, ChildResult } from './child-processes.ts'
import { type GitTreeEntry, type Looked, parseBatch, parseBatchCheck, parseTree, type Read } from './git-output.ts'
import { createAskRemote, GIT_ENV, type GitCall, type GitRemote } from './git-remote.ts'

/** What a ref is at this moment. */
export interface ResolvedRef {
  commit: string
  /** How the remote calls it; the commit itself when that was asked for. */
  name: string
  kind: 'tag' | 'branch' | 'head' | 'commit'
}

/** The few things that we ask git. A repository of ours is bare: nothing is ever checked out, so no hook, filter or link of it acts. */
export interface Git {
  /** PREFLIGHT_FAILED: no such ref, and whatever the remote refuses; UNAVAILABLE (retryable) when it is away. `HEAD` is the remote's default branch. */
  resolve(remote: GitRemote, ref: string, call: GitCall): Promise<ResolvedRef>
  /** Makes a bare repository in `folder` that holds that commit. Errors as above. */
  fetch(remote: GitRemote, ref: ResolvedRef, folder: string, call: GitCall): Promise<void>
  /** Everything below a directory of a commit; `undefined` when there is no such directory. Here and below: APPLY_FAILED (retryable) when the clone is damaged, PREFLIGHT_FAILED for more than is read. */
  list(folder: string, commit: string, directory: string, call: GitCall): Promise<GitTreeEntry[] | undefined>
  /** What stands at those paths, links followed as `read` does. */
  look(folder: string, commit: string, paths: readonly string[], call: GitCall): Promise<Looked[]>
  /** The files as they are, links inside of the commit followed; one answer for each path, in order. */
  read(folder: string, commit: string, paths: readonly string[], call: GitCall): Promise<Read[]>
}

export interface GitLimits {
  askMs: number
  fetchMs: number
  lookMs: number
}

const LIMITS: GitLimits = { askMs: 30_000, fetchMs: 180_000, lookMs: 30_000 }
const COMMIT = /^([0-9a-f]{40}|[0-9a-f]{64})$/
const OURS = 'refs/o2ims/fetched'

/** True for a commit's whole name. */
export const isCommit = (ref: string): boolean => COMMIT.test(ref)

/** Every call has a time limit. */
export function createGit(parts: { children: ChildProcesses; runDir: string; limits?: Partial<GitLimits> }): Git {
  const { children } = parts
  const limits = { ...LIMITS, ...parts.limits }
  const ask = createAskRemote(parts)

  type Look = GitCall & { stdin?: string; encoding?: 'latin1' }
  const local = (folder: string, args: string[], more: Look) =>
    look(['--git-dir', folder, ...args], more).catch((error: unknown) => {
      // No fault of the clone: git was ended because it had too much to say.
      if (!(error instanceof ServiceError) || error.code !== 'APPLY_FAILED') throw error
      throw new ServiceError('PREFLIGHT_FAILED', `the repository holds more than is read of one: ${error.message}`)
    })
  const look = (args: string[], more: Look) =>
    children.run({
      tool: 'git',
      args,
      env: { ...GIT_ENV, GIT_ALLOW_PROTOCOL: 'none' },
      timeoutMs: limits.lookMs,
      kind: 'question',
      ...more,
    })

  async function advertised(remote: GitRemote, patterns: string[], call: GitCall): Promise<Map<string, string>> {
    const args = ['ls-remote', '--quiet', '--', remote.url, ...patterns]
    const { stdout } = await ask(remote, { ...call, args, kind: 'question', timeoutMs: limits.askMs })
    const lines = stdout.split('\n').map((line) => line.split('\t'))
    return new Map(lines.flatMap(([commit, name]) => (commit && name ? [[name, commit] as const] : [])))
  }

  return {
    async resolve(remote, ref, call) {
      if (isCommit(ref)) {
        // The answer does not matter, but whether this credential gets one.
        await advertised(remote, ['HEAD'], call)
        return { commit: ref, name: ref, kind: 'commit' }
      }
      if (ref === 'HEAD') {
        const commit = (await advertised(remote, ['HEAD'], call)).get('HEAD')
        if (commit === undefined) throw new ServiceError('PREFLIGHT_FAILED', `${remote.url} is empty`)
        return { commit, name: 'HEAD', kind: 'head' }
      }
      const tag = `refs/tags/${ref}`
      const branch = `refs/heads/${ref}`
      const found = await advertised(remote, [tag, `${tag}^{}`, branch], call)
      const tagged = found.get(`${tag}^{}`) ?? found.get(tag)
      if (tagged !== undefined) return { commit: tagged, name: tag, kind: 'tag' }
      const tip = found.get(branch)
      if (tip !== undefined) return { commit: tip, name: branch, kind: 'branch' }
      throw new ServiceError(
        'PREFLIGHT_FAILED',
        `${remote.url} has no tag and no branch ${JSON.stringify(ref)}; a commit is named by all its digits`,
      )
    },

    async fetch(remote, ref, folder, call) {
      const format = ref.commit.length === 64 ? ['--object-format=sha256'] : []
      answered(await look(['init', '--quiet', '--bare', '--template=', ...format, folder], call))
      const bring = (args: string[]) =>
        ask(remote, {
          ...call,
          args: ['--git-dir', folder, 'fetch', '--quiet', '--no-tags', '--no-write-fetch-head', ...args],
          kind: 'work',
          timeoutMs: limits.fetchMs,
        })
      try {
        await bring(['--depth', '1', '--', remote.url, `+${ref.name}:${OURS}`])
      } catch (error) {
        if (!(error instanceof ServiceError) || ref.kind !== 'commit') throw error
        if (/not our ref|no such remote ref|bad object/.test(error.message)) throw noCommit(remote, ref)
        if (!/unadvertised object/.test(error.message)) throw error
        // A server that gives whole branches and tags only.
        await bring(['--', remote.url, '+refs/heads/*:refs/o2ims/heads/*', '+refs/tags/*:refs/o2ims/tags/*'])
      }
      const { exitCode } = await local(folder, ['cat-file', '-e', `${ref.commit}^{commit}`], call)
      if (exitCode === 0) return
      if (ref.kind === 'commit') throw noCommit(remote, ref)
      throw new ServiceError('UNAVAILABLE', `${ref.name} of ${remote.url} moved while it was read`, { retryable: true })
    },

    async list(folder, commit, directory, call) {
      if (directory !== '') {
        // First, for of a directory that is not there ls-tree says "fatal", and the log of the request would have it.
        const walk = ['ls-tree', '-z', '--end-of-options', `${commit}^{tree}`, directory]
        const { stdout } = answered(await local(folder, walk, call))
        if (!/^\d+ tree /.test(stdout)) return undefined
      }
      const tree = directory === '' ? `${commit}^{tree}` : `${commit}:${directory}`
      const result = await local(folder, ['ls-tree', '-r', '-z', '-l', '--end-of-options', tree], call)
      return parseTree(answered(result).stdout)
    },

    async look(folder, commit, paths, call) {
      return parseBatchCheck(await batch('--batch-check', folder, commit, paths, call), paths.length)
    },

    async read(folder, commit, paths, call) {
      return parseBatch(await batch('--batch', folder, commit, paths, call), paths.length)
    },
  }

  async function batch(how: string, folder: string, commit: string, paths: readonly string[], call: GitCall) {
    if (paths.length === 0) return Buffer.alloc(0)
    const stdin = paths.map((path) => `${commit}:${path}\n`).join('')
    const args = ['cat-file', how, '--follow-symlinks']
    return Buffer.from(answered(await local(folder, args, { ...call, stdin, encoding: 'latin1' })).stdout, 'latin1')
  }
}

function answered(result: ChildResult): ChildResult {
  if (result.exitCode === 0) return result
  throw new ServiceError('APPLY_FAILED', `git failed on a cached clone: ${result.lastWords}`, { retryable: true })
}

function noCommit({ url }: GitRemote, { commit }: ResolvedRef): ServiceError {
  return new ServiceError('PREFLIGHT_FAILED', `${url} has no commit ${commit}`)
}
