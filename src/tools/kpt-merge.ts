import { join } from 'node:path'
import { ServiceError } from '../errors.ts'
import type { ChildProcesses, ChildResult } from './child-processes.ts'
import { GIT_ENV } from './git-remote.ts'
import type { KptFile, KptFilesCall } from './kpt-functions.ts'
import { tailOf } from './redact.ts'
import { withScratch, writeFiles } from './scratch.ts'

/** Brings what `updated` changes against `base` into `local` by kpt's own merge (`kpt pkg update`, strategy resource-merge). `read` reads the result before it goes. */
export type MergePackages = <T>(
  packages: Readonly<Record<'base' | 'local' | 'updated', readonly KptFile[]>>,
  read: (root: string, path: string) => Promise<T>,
  call: KptFilesCall,
) => Promise<T>

const LIMIT_MS = 60_000
const AUTHOR = 'o2ims <o2ims@localhost> 0 +0000'

/**
 * kpt merges from a repository: one is made for it in a private folder, with two commits and nothing else. `local` holds values of the request, and is as private. Each of
 * the three has a Kptfile at its top; that of `local` gets the origin that kpt wants there from `withOrigin`.
 */
export function createMergePackages(parts: {
  children: ChildProcesses
  runDir: string
  withOrigin: (files: readonly KptFile[], origin: { repository: string; commit: string }) => KptFile[]
}): MergePackages {
  const { children, runDir, withOrigin } = parts

  return async ({ base, local, updated }, read, call) =>
    withScratch(runDir, async (folder) => {
      const repository = join(folder, 'upstream')
      const git = (args: string[], stdin = '') =>
        children.run({ tool: 'git', args, stdin, env: GIT_ENV, timeoutMs: LIMIT_MS, kind: 'question', ...call })
      succeeded(await git(['init', '--quiet', '--bare', '--template=', repository]))
      const stream = commitOf('base', base) + commitOf('updated', updated)
      succeeded(await git(['--git-dir', repository, 'fast-import', '--quiet'], stream))
      const { stdout } = succeeded(await git(['--git-dir', repository, 'rev-parse', 'refs/tags/base']))
      await writeFiles(join(folder, 'local'), withOrigin(local, { repository, commit: stdout.trim() }))
      const merged = await children.run({
        tool: 'kpt',
        args: ['pkg', 'update', `${join(folder, 'local')}@updated`, '--strategy', 'resource-merge'],
        env: { ...GIT_ENV, HOME: folder, KPT_CACHE_DIR: join(folder, 'cache'), GIT_ALLOW_PROTOCOL: 'file' },
        timeoutMs: LIMIT_MS,
        ...call,
      })
      succeeded({ ...merged, lastWords: merged.lastWords.replaceAll(folder, '') })
      return read(folder, 'local')
    })
}

function succeeded(result: ChildResult): ChildResult {
  if (result.exitCode === 0) return result
  throw new ServiceError('PREFLIGHT_FAILED', `kpt could not merge the change: ${tailOf(result.lastWords, 1_000)}`)
}

/** For `git fast-import`: one commit without a parent that holds these files, as a tag. */
function commitOf(tag: string, files: readonly KptFile[]): string {
  const inline = files.map(({ path, text }) => `M 100644 inline ${quoted(path)}\n${dataOf(text)}`)
  return `reset refs/tags/${tag}\ncommit refs/tags/${tag}\ncommitter ${AUTHOR}\n${dataOf(tag)}deleteall\n${inline.join('')}\n`
}

const dataOf = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`

const quoted = (path: string): string => `"${path.replace(/["\\]/g, '\\$&')}"`
