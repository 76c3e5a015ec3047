import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import type { KubernetesObject } from '../../src/clusters/cluster.ts'

const execute = promisify(execFile)
export const CHART = join(import.meta.dirname, '..', '..', 'charts', 'o2ims')

/** Runs helm; resolves with what it printed, rejects with its words. */
export async function helm(...args: string[]): Promise<string> {
  const { stdout } = await execute('helm', args, { timeout: 300_000, maxBuffer: 16 * 1024 * 1024 })
  return stdout
}

/** What the chart makes of these values (`--set` and the like), without a cluster. */
export async function rendered(...args: string[]): Promise<KubernetesObject[]> {
  const documents = parseAllDocuments(await helm('template', 'o2', CHART, '--namespace', 'o2', ...args))
  return documents.flatMap((document) => {
    if (document.errors.length > 0) throw document.errors[0]
    const object = document.toJS()
    return object === null ? [] : [object]
  })
}
