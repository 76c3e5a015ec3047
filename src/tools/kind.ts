import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setInterval } from 'node:timers/promises'
import { parse } from 'yaml'
import type { CallOptions } from '../clusters/cluster.ts'
import type { ClusterSpec, LifecycleOptions, NodeLog } from '../clusters/lifecycle.ts'
import { messageOf, ServiceError } from '../errors.ts'
import type { ChildProcesses } from './child-processes.ts'
import { assertClusterName, kindConfig } from './kind-config.ts'
import { failure } from './kind-failure.ts'
import { readNodeLogs, sizeOf, withLogFolder } from './kind-logs.ts'
import { kindStage } from './kind-progress.ts'
import { headOf } from './redact.ts'

/** kind as functions. Rejections: PREFLIGHT_FAILED when it is not on the PATH, KIND_FAILED with its own words and what to do, INVALID_ARGS, TIMEOUT. */
export interface Kind {
  /** e.g. "0.33.0" */
  version(options?: CallOptions): Promise<string>
  clusters(options?: CallOptions): Promise<string[]>
  /** Makes the cluster; every node carries `reference`. Does not wait until it is ready. What a failure leaves stays: `delete` removes it. */
  create(spec: ClusterSpec, reference: string, options?: LifecycleOptions): Promise<void>
  /** Secret. `internal`: with the address that containers on kind's network know. */
  kubeconfig(name: string, options?: CallOptions & { internal?: boolean }): Promise<string>
  /** What the nodes wrote, at most `maxBytes`, also of a cluster that failed. When the export fails, its words stand beside what it brought. */
  logs(name: string, options: CallOptions & { maxBytes: number }): Promise<NodeLog[]>
  /** Fine when there is none. */
  delete(name: string, options?: LifecycleOptions): Promise<void>
}

const QUESTION_MS = 30_000
const DELETE_MS = 120_000
const LOGS_MS = 45_000
/** How often the size of an export is looked at while it grows. */
const LOOK_EVERY_MS = 250
const LARGEST_EXPORT = 256 * 1024 * 1024
const LONGEST_VERSION = 80

/**
 * `runDir` holds a folder for each call that is under way, without secrets. `createTimeoutMs` bounds one creation, the pull of an image included;
 * the signal of a call usually ends it earlier.
 */
export function createKind(parts: { children: ChildProcesses; runDir: string; createTimeoutMs?: number }): Kind {
  const { children, runDir, createTimeoutMs = 15 * 60_000 } = parts
  // Ownership is read through docker, so kind has to use it, too.
  const env = { KIND_EXPERIMENTAL_PROVIDER: 'docker' }

  async function ask(args: string[], options: CallOptions = {}): Promise<string> {
    const result = await children.run({
      tool: 'kind',
      args,
      env,
      timeoutMs: QUESTION_MS,
      kind: 'question',
      signal: options.signal,
    })
    if (result.exitCode !== 0) throw failure(args.slice(0, 2).join(' '), result)
    return result.stdout
  }

  /** Why the export is not complete; undefined when it is. */
  async function exportLogs(name: string, folder: string, signal?: AbortSignal): Promise<string | undefined> {
    const guard = new AbortController()
    const watching = stopWhenLarge(folder, guard)
    const ended = [guard.signal, ...(signal ? [signal] : [])]
    try {
      const result = await children.run({
        tool: 'kind',
        args: ['export', 'logs', folder, '--name', name],
        env,
        timeoutMs: LOGS_MS,
        kind: 'question',
        signal: AbortSignal.any(ended),
      })
      return result.exitCode === 0 ? undefined : failure(`export logs of ${name}`, result).message
    } catch (error) {
      signal?.throwIfAborted()
      return messageOf(error)
    } finally {
      guard.abort()
      await watching
    }
  }

  /**
   * kind always writes the kubeconfig to a file. It gets a link to /dev/null, in a folder of its own because of the lock file that it puts beside it.
   * Folders of earlier calls for this cluster, which were killed, go as well.
   */
  async function withoutKubeconfig<T>(name: string, work: (path: string) => Promise<T>): Promise<T> {
    const prefix = `kind-${name}.`
    await mkdir(runDir, { recursive: true, mode: 0o700 })
    const path = join(await mkdtemp(join(runDir, prefix)), 'kubeconfig')
    await symlink('/dev/null', path)
    try {
      return await work(path)
    } finally {
      const stale = (await readdir(runDir)).filter((entry) => entry.startsWith(prefix))
      await Promise.all(stale.map((entry) => rm(join(runDir, entry), { recursive: true, force: true })))
    }
  }

  return {
    async version(options) {
      const output = await ask(['version'], options)
      return /v(\d+\.\d+\.\d+\S*)/.exec(output)?.[1] ?? headOf(output.trim(), LONGEST_VERSION)
    },

    async clusters(options) {
      return (await ask(['get', 'clusters'], options)).split('\n').filter((line) => line !== '')
    },

    create(spec, reference, options = {}) {
      const stdin = kindConfig(spec, reference)
      return withoutKubeconfig(spec.name, async (kubeconfig) => {
        const result = await children.run({
          tool: 'kind',
          args: [
            ...['create', 'cluster', '--name', spec.name, '--config', '-', '--kubeconfig', kubeconfig, '--wait', '0s'],
            // Without it kind removes the nodes of a failure, and nobody could read why they did not come up.
            '--retain',
          ],
          env,
          stdin,
          timeoutMs: createTimeoutMs,
          signal: options.signal,
          run: options.run,
          onLine: (line) => {
            const stage = kindStage(line)
            if (stage) options.progress?.(stage.percent, stage.message)
          },
        })
        if (result.exitCode !== 0) throw failure(`create cluster ${spec.name}`, result)
      })
    },

    async kubeconfig(name, { internal = false, ...options } = {}) {
      assertClusterName(name)
      const text = await ask(['get', 'kubeconfig', '--name', name, ...(internal ? ['--internal'] : [])], options)
      if (isKubeconfig(text)) return text
      throw new ServiceError('KIND_FAILED', `kind get kubeconfig printed no kubeconfig for ${name}`)
    },

    logs(name, { signal, maxBytes }) {
      assertClusterName(name)
      return withLogFolder(runDir, async (folder) => {
        const failed = await exportLogs(name, folder, signal)
        signal?.throwIfAborted()
        const logs = await readNodeLogs(folder, maxBytes)
        return failed === undefined ? logs : [{ name: 'kind export logs', text: failed }, ...logs]
      })
    },

    delete(name, options = {}) {
      assertClusterName(name)
      return withoutKubeconfig(name, async (kubeconfig) => {
        const args = ['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig]
        const { signal, run } = options
        const result = await children.run({ tool: 'kind', args, env, timeoutMs: DELETE_MS, signal, run })
        if (result.exitCode !== 0) throw failure(`delete cluster ${name}`, result)
      })
    },
  }
}

function isKubeconfig(text: string): boolean {
  try {
    const { kind, clusters } = parse(text) ?? {}
    return kind === 'Config' && Array.isArray(clusters) && clusters.length > 0
  } catch {
    // The parser's words would quote what may be a secret.
    return false
  }
}

/** kind takes everything that a node ever wrote. Resolves when the guard aborts. */
async function stopWhenLarge(folder: string, guard: AbortController): Promise<void> {
  const ticks = setInterval(LOOK_EVERY_MS, undefined, { signal: guard.signal })
  try {
    for await (const _ of ticks) {
      if ((await sizeOf(folder)) <= LARGEST_EXPORT) continue
      guard.abort(new ServiceError('KIND_FAILED', `the logs are larger than ${LARGEST_EXPORT} bytes; kind was ended`))
    }
  } catch (error) {
    if (!guard.signal.aborted) guard.abort(error)
  }
}
