import { join } from 'node:path'
import type { Logger } from 'pino'
import type { ChildProcesses } from '../tools/child-processes.ts'
import { createGit } from '../tools/git.ts'
import { type CatalogueSettings, catalogueOf } from './catalogue.ts'
import { createGitCache, type WithLock } from './git-cache.ts'
import { createKptForFiles } from './kpt-files.ts'
import type { RenderPackage } from './package-port.ts'
import { createPackageSources } from './package-sources.ts'
import { createPackageRenderer } from './render.ts'

const MOST_CLONES = 100

/** The renderer of a worker: packages from its root, from the catalogue and from repositories of requests; pipelines and merges by kpt. Clones lie in `DATA_DIR/packages`. */
export function createRenderer(
  settings: CatalogueSettings & { packageRoot: string; dataDir: string; packageCacheBytes: number },
  parts: { children: ChildProcesses; runDir: string; withLock: WithLock; log: Logger },
): RenderPackage {
  const { packageRoot, dataDir, packageCacheBytes } = settings
  const { withLock, log } = parts
  const git = createGit(parts)
  const limits = { entries: MOST_CLONES, bytes: packageCacheBytes }
  const cache = createGitCache({ git, folder: join(dataDir, 'packages'), limits, withLock, log })
  const sources = createPackageSources({ packageRoot, git: { git, cache }, ...catalogueOf(settings) })
  return createPackageRenderer({ packageRoot, sources, kpt: createKptForFiles(parts) })
}
