import { z } from 'zod'
import type { CallOptions } from '../clusters/cluster.ts'
import { ServiceError } from '../errors.ts'
import type { ChildProcesses, ChildResult } from './child-processes.ts'

/** What we read of a container. */
export interface Container {
  id: string
  name: string
  labels: Record<string, string>
  /** `source:target[:options]` of every bind mount. */
  binds: string[]
  /** `running`, or what it is instead: `exited`, `created`, `paused`, … */
  status: string
  /** Of one that has ended; 0 of one that runs. */
  exitCode: number
  /** Its IPv4 address on the first network that it is in; undefined while it does not run. */
  address: string | undefined
}

/** The few questions that we ask docker ourselves: who a kind node belongs to, and whether its making was finished. */
export interface Docker {
  /** Version of the daemon. PREFLIGHT_FAILED: no docker, or no daemon that answers. */
  version(options?: CallOptions): Promise<string>
  /** All containers with that label, running or not. Like the others below: UNAVAILABLE (retryable) when the daemon does not answer. */
  containers(label: { name: string; value: string }, options?: CallOptions): Promise<Container[]>
  /** Is there such a path in the container? Works on one that has stopped, too. */
  hasPath(container: string, path: string, options?: CallOptions): Promise<boolean>
  /** Makes an empty file in a running container. */
  touch(container: string, path: string, options?: CallOptions): Promise<void>
}

const TIMEOUT_MS = 30_000
const INSPECTED = z.object({
  Id: z.string(),
  Name: z.string(),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
  HostConfig: z.object({ Binds: z.array(z.string()).nullish() }),
  State: z.object({ Status: z.string(), ExitCode: z.number() }),
  NetworkSettings: z.object({
    Networks: z.record(z.string(), z.object({ IPAddress: z.string().nullish() })).nullish(),
  }),
})

/** Every call has a time limit of 30 s. */
export function createDocker(children: ChildProcesses): Docker {
  const ask = (args: string[], options: CallOptions = {}) =>
    children.run({ tool: 'docker', args, timeoutMs: TIMEOUT_MS, kind: 'question', signal: options.signal })

  return {
    async version(options) {
      const result = await ask(['version', '--format', '{{.Server.Version}}'], options)
      if (result.exitCode !== 0) {
        throw new ServiceError(
          'PREFLIGHT_FAILED',
          `docker does not answer; start it, give a worker in a container its socket (docker-compose.kind.yml), or set DOCKER_HOST to where it listens: ${result.lastWords}`,
        )
      }
      return result.stdout.trim()
    },

    async containers(label, options) {
      const filter = `label=${label.name}=${label.value}`
      const listed = answered(await ask(['ps', '--all', '--quiet', '--no-trunc', '--filter', filter], options))
      const ids = listed.stdout.split('\n').filter((line) => line !== '')
      if (ids.length === 0) return []
      const inspected = await ask(['inspect', '--type', 'container', ...ids], options)
      // Exit code 1 with the others' description: one went between the two calls.
      if (!inspected.lastWords.includes('No such container')) answered(inspected)
      const found = z.array(INSPECTED).parse(JSON.parse(inspected.stdout))
      return found.map(({ Id, Name, Config, HostConfig, State, NetworkSettings }) => ({
        id: Id,
        name: Name.replace(/^\//, ''),
        labels: Config.Labels ?? {},
        binds: HostConfig.Binds ?? [],
        status: State.Status,
        exitCode: State.ExitCode,
        address:
          Object.values(NetworkSettings.Networks ?? {})
            .map(({ IPAddress }) => IPAddress)
            .find(Boolean) ?? undefined,
      }))
    },

    async hasPath(container, path, options) {
      const result = await ask(['cp', `${container}:${path}`, '-'], options)
      if (/Could not find the file|No such container/.test(result.lastWords)) return false
      answered(result)
      return true
    },

    async touch(container, path, options) {
      answered(await ask(['exec', container, 'touch', path], options))
    },
  }
}

function answered(result: ChildResult): ChildResult {
  if (result.exitCode === 0) return result
  throw new ServiceError('UNAVAILABLE', `docker refused: ${result.lastWords}`, { retryable: true })
}
