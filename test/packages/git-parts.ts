import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { createGitCache, type GitCacheLimits, type WithLock } from '../../src/packages/git-cache.ts'
import type { GitSource, PackageSource, RenderPackage } from '../../src/packages/package-port.ts'
import { type Catalogue, createPackageSources } from '../../src/packages/package-sources.ts'
import { createPackageRenderer, type KptForFiles } from '../../src/packages/render.ts'
import { createChildProcesses } from '../../src/tools/child-processes.ts'
import { createGit, type GitLimits } from '../../src/tools/git.ts'

export interface GitWorker {
  /** Where clones lie. */
  folder: string
  runDir: string
  render: RenderPackage
  log(): string
  /** What tools told the logs of requests. */
  printed: readonly string[]
  dispose(): void
}

/** What a worker reads packages with, in a data folder of its own. */
export function gitWorker(
  parts: {
    packageRoot?: string
    dataDir?: string
    limits?: Partial<GitCacheLimits>
    times?: Partial<GitLimits>
    withLock?: WithLock
    catalogue?: Catalogue
    renamed?: Record<string, string>
    kpt?: (children: ReturnType<typeof createChildProcesses>, runDir: string) => KptForFiles
  } = {},
): GitWorker {
  const dataDir = parts.dataDir ?? mkdtempSync(join(tmpdir(), 'o2ims-git-worker-'))
  const { packageRoot = dataDir } = parts
  const runDir = join(dataDir, 'run')
  const folder = join(dataDir, 'packages')
  let logged = ''
  const sink = new Writable({
    write(chunk, _encoding, done) {
      logged += chunk
      done()
    },
  })
  const printed: string[] = []
  const children = createChildProcesses({ onPrinted: (_run, { line }) => printed.push(line) })
  const git = createGit({ children, runDir, limits: parts.times })
  const limits = { entries: 20, bytes: 50 * 1024 * 1024, ...parts.limits }
  const { withLock = lockInProcess() } = parts
  const cache = createGitCache({ git, folder, limits, withLock, log: pino({ level: 'trace' }, sink) })
  const { catalogue, renamed } = parts
  const sources = createPackageSources({ packageRoot, git: { git, cache }, ...(catalogue && { catalogue }), renamed })
  const kpt = parts.kpt?.(children, runDir)
  return {
    folder,
    runDir,
    render: createPackageRenderer({ packageRoot, sources, ...(kpt && { kpt }) }),
    log: () => logged,
    printed,
    dispose: () => rmSync(dataDir, { recursive: true, force: true }),
  }
}

/** Locks that reach no further than this process. */
export function lockInProcess(): WithLock {
  const tails = new Map<string, Promise<unknown>>()
  return async (name, signal, work) => {
    const before = tails.get(name) ?? Promise.resolve()
    const mine = before.then(
      () => work(signal),
      () => work(signal),
    )
    tails.set(name, mine)
    return mine
  }
}

export const fromGit = (git: GitSource, directory = 'pkg', more: Partial<PackageSource> = {}): PackageSource => ({
  path: directory,
  git,
  namespace: 'ran',
  values: {},
  ...more,
})
