import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { CallOptions } from '../clusters/cluster.ts'
import type { ClusterSpec, LifecycleOptions } from '../clusters/lifecycle.ts'
import { ServiceError } from '../errors.ts'
import type { ChildProcesses, ChildResult } from './child-processes.ts'
import { assertClusterName, kindConfig } from './kind-config.ts'
import { kindStage } from './kind-progress.ts'

/** kind as functions. Rejections: PREFLIGHT_FAILED when it is not on the PATH, KIND_FAILED with its own words and what to do, INVALID_ARGS, TIMEOUT. */
export interface Kind {
  /** e.g. "0.33.0" */
  version(options?: CallOptions): Promise<string>
  clusters(options?: CallOptions): Promise<string[]>
  /** Makes the cluster; every node carries `reference`. Does not wait until it is ready. */
  create(spec: ClusterSpec, reference: string, options?: LifecycleOptions): Promise<void>
  /** Secret. */
  kubeconfig(name: string, options?: CallOptions): Promise<string>
  /** Fine when there is none. */
  delete(name: string, options?: LifecycleOptions): Promise<void>
}

const QUESTION_MS = 30_000
const DELETE_MS = 120_000

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
      return /v(\d+\.\d+\.\d+\S*)/.exec(output)?.[1] ?? output.trim()
    },

    async clusters(options) {
      return (await ask(['get', 'clusters'], options)).split('\n').filter((line) => line !== '')
    },

    create(spec, reference, options = {}) {
      const stdin = kindConfig(spec, reference)
      return withoutKubeconfig(spec.name, async (kubeconfig) => {
        const result = await children.run({
          tool: 'kind',
          args: ['create', 'cluster', '--name', spec.name, '--config', '-', '--kubeconfig', kubeconfig, '--wait', '0s'],
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

    kubeconfig(name, options) {
      assertClusterName(name)
      return ask(['get', 'kubeconfig', '--name', name], options)
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

/** What to do about failures that people meet; the first that fits. */
const ADVICE: [RegExp, string][] = [
  [
    /port is already allocated|address already in use|failed to bind host port/i,
    'a host port of portMappings is in use: free it or choose another',
  ],
  [/node\(s\) already exist/, 'a cluster of that name exists: choose another clusterName'],
  [
    /failed to pull image|pull access denied|manifest unknown|not found: manifest|repository does not exist/i,
    'the node image cannot be pulled: check nodeImage and the way to its registry',
  ],
  [
    /Cannot connect to the Docker daemon|failed to get docker info|error during connect/i,
    'docker does not answer: start it, or set DOCKER_HOST to where it listens',
  ],
  [/no space left on device/i, 'the disk of the docker host is full'],
  [
    /could not find a log line that matches/i,
    'the node did not start: the image may be no node image, or the host lacks memory, inotify watches or cgroups',
  ],
  [
    /invalid configuration|unknown field|invalid.*(CIDR|subnet)/i,
    'kind refuses the configuration: check podSubnet, serviceSubnet and portMappings',
  ],
]

function failure(what: string, result: ChildResult): ServiceError {
  const words = lastError(result.lastWords)
  const advice = ADVICE.find(([pattern]) => pattern.test(result.lastWords))?.[1]
  return new ServiceError(
    'KIND_FAILED',
    `kind ${what} failed: ${advice === undefined ? '' : `${advice}. `}It said: ${words}`,
  )
}

/** From the line that names the error on: before it stand the stages that went well. */
function lastError(words: string): string {
  const at = words.lastIndexOf('ERROR:')
  return (at < 0 ? words : words.slice(at)).replace(/\s*\n\s*/g, ' ').trim()
}
