import type { Logger } from 'pino'
import { parseDocument } from 'yaml'
import type { ChildProcesses } from '../tools/child-processes.ts'
import { createRenderFunctions } from '../tools/kpt-functions.ts'
import { createMergePackages } from '../tools/kpt-merge.ts'
import { type PackageFile, readPackage } from './package-reader.ts'
import type { KptForFiles } from './render.ts'

const BARE_KPTFILE = 'apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: package\n'

/** What kpt does with a package's files before they are objects: runs its functions, merges a change of its ref. */
export function createKptForFiles(parts: { children: ChildProcesses; runDir: string; log: Logger }): KptForFiles {
  const render = createRenderFunctions(parts)
  const merge = createMergePackages({ ...parts, withOrigin })
  return {
    runFunctions: async (files, options) => [{ path: 'what kpt made of it', text: await render(files, options) }],
    merge: ({ base, local, updated }, options) =>
      merge({ base: whole(base), local: whole(local), updated: whole(updated) }, readPackage, options),
  }
}

/** kpt knows a package by its Kptfile. */
function whole(files: readonly PackageFile[]): readonly PackageFile[] {
  return files.some(({ path }) => path === 'Kptfile') ? files : [{ path: 'Kptfile', text: BARE_KPTFILE }, ...files]
}

function withOrigin(
  files: readonly PackageFile[],
  { repository, commit }: { repository: string; commit: string },
): PackageFile[] {
  return files.map((file) => {
    if (file.path !== 'Kptfile') return file
    const kptfile = parseDocument(file.text)
    const git = { repo: `file://${repository}`, directory: '/', ref: 'base' }
    kptfile.setIn(['upstream'], kptfile.createNode({ type: 'git', git, updateStrategy: 'resource-merge' }))
    kptfile.setIn(['upstreamLock'], kptfile.createNode({ type: 'git', git: { ...git, commit } }))
    return { path: file.path, text: kptfile.toString({ lineWidth: 0 }) }
  })
}
