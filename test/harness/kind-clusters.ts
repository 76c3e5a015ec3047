import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Runs a tool without a shell; resolves with what it printed. Does not hold up what the test follows meanwhile. */
export async function run(tool: string, ...args: string[]): Promise<string> {
  const { stdout } = await execute(tool, args, { timeout: 120_000, maxBuffer: 16 * 1024 * 1024 })
  return stdout.trim()
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '')

/** True kind clusters whose names begin with a prefix that one test file has for itself. */
export interface KindClusters {
  /** Names of the containers, running or not, by their ids. */
  containers(): Promise<Map<string, string>>
  /** Of the container of a cluster with one node; undefined when there is none. */
  containerId(cluster: string): Promise<string | undefined>
  /** Where other containers reach it. */
  address(cluster: string): Promise<string>
  /** What is left of a run that was cut off. */
  remove(): Promise<void>
  /** SIGKILL: whoever is connected is cut off. The kubelet starts another one. */
  killApiServer(cluster: string): Promise<void>
  /** Nothing in it answers meanwhile. A container that is stopped may come back with another address, which not every kind node survives. */
  whilePaused<T>(cluster: string, work: () => Promise<T>): Promise<T>
}

export function kindClusters(prefix: string): KindClusters {
  const nodeOf = (cluster: string) => `${cluster}-control-plane`
  async function containers(): Promise<Map<string, string>> {
    const listed = await run('docker', 'ps', '--all', '--no-trunc', '--format', '{{.ID}} {{.Names}}')
    const pairs = linesOf(listed).map((line) => line.split(' ') as [string, string])
    return new Map(pairs.filter(([, name]) => name.startsWith(prefix)))
  }
  return {
    containers,
    async containerId(cluster) {
      return [...(await containers())].find(([, name]) => name === nodeOf(cluster))?.[0]
    },
    address: (cluster) =>
      run('docker', 'inspect', '--format', '{{.NetworkSettings.Networks.kind.IPAddress}}', nodeOf(cluster)),
    async remove() {
      const clusters = linesOf(await run('kind', 'get', 'clusters', '--quiet')).filter((name) =>
        name.startsWith(prefix),
      )
      for (const name of clusters) await run('kind', 'delete', 'cluster', '--name', name, '--kubeconfig', '/dev/null')
    },
    async killApiServer(cluster) {
      await run('docker', 'exec', nodeOf(cluster), 'pkill', '-KILL', 'kube-apiserver')
    },
    async whilePaused(cluster, work) {
      await run('docker', 'pause', nodeOf(cluster))
      try {
        return await work()
      } finally {
        await run('docker', 'unpause', nodeOf(cluster))
      }
    },
  }
}

/** kubectl with that kubeconfig, which it reads from a file. */
export const kubectlWith =
  (kubeconfig: string) =>
  (...args: string[]): Promise<string> =>
    run('kubectl', '--kubeconfig', kubeconfig, ...args)
