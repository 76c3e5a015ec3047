import { ServiceError } from '../errors.ts'
import type { ChildResult } from './child-processes.ts'

/** What to do about failures that people meet; the first that fits. */
const ADVICE: [RegExp, string][] = [
  [
    /port is already allocated|address already in use|failed to bind host port/i,
    'a host port of portMappings, or that of apiServer, is in use: free it or choose another',
  ],
  [/node\(s\) already exist/, 'a cluster of that name exists: choose another clusterName'],
  [
    /Unable to find image '[^']*(envoyproxy\/envoy|haproxy)/i,
    'several control planes need the load balancer image of kind, which cannot be pulled: load it into docker, or ask for one control plane',
  ],
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
    /failed to (init|join) node with kubeadm/i,
    'Kubernetes did not come up: check featureGates, runtimeConfig, kubeadmPatches, nodeLabels and the subnets',
  ],
  [
    /invalid configuration|unknown field|invalid.*(CIDR|subnet)/i,
    'kind refuses the configuration: check podSubnet, serviceSubnet, apiServer and portMappings',
  ],
]

/** KIND_FAILED in the tool's own words, with what to do about it. */
export function failure(what: string, result: ChildResult): ServiceError {
  const words = lastError(result.lastWords)
  const advice = ADVICE.find(([pattern]) => pattern.test(result.lastWords))?.[1]
  return new ServiceError(
    'KIND_FAILED',
    `kind ${what} failed: ${advice === undefined ? '' : `${advice}. `}It said: ${words}`,
  )
}

/** From the line that names the error on: before it stand the stages that went well. Of a command that failed its beginning is enough. */
function lastError(words: string): string {
  const at = words.lastIndexOf('ERROR:')
  return (at < 0 ? words : words.slice(at))
    .replace(/\s*\n\s*/g, ' ')
    .replace(/command "(.{100}).*?" failed with error/, 'command "$1…" failed with error')
    .trim()
}
