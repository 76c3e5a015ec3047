import type { KubernetesObject } from '../../clusters/cluster.ts'
import { listAt, stringAt } from '../../clusters/fields.ts'
import { OWNER_LABEL } from '../../clusters/ownership.ts'
import { requestsOf } from '../../packages/requests.ts'
import { problemOf } from '../pod-problem.ts'
import type { PodFinding } from '../schema.ts'
import type { Collector, Scene } from '../subject.ts'

const MOST = 20
const MOST_LOGS = 5
export const LOG_OF_ONE = { tailLines: 20, limitBytes: 4 * 1024 }

/** The pods of the namespaces concerned that do not run, with the last words of those that crashed; those of the request first. */
export const pods: Collector<PodFinding[]> = {
  limitMs: 6_000,
  async collect(scene) {
    const { cluster, target, signal } = scene
    const found: PodFinding[] = []
    for (const namespace of target.namespaces) {
      const listed = await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace }, { signal })
      found.push(...listed.flatMap((pod) => findingOf(pod, scene)))
    }
    const shown = found.sort((a, b) => Number(b.ours) - Number(a.ours)).slice(0, MOST)
    const crashed = shown.filter(({ problem }) => problem === 'crash').slice(0, MOST_LOGS)
    await Promise.all(
      crashed.map(async (finding) => {
        const log = await lastWords(scene, finding)
        if (log) finding.log = log
      }),
    )
    return shown
  },
}

function findingOf(pod: KubernetesObject, scene: Scene): PodFinding[] {
  const problem = problemOf(pod)
  if (problem === undefined) return []
  const { namespace = '', name } = pod.metadata
  const node = stringAt(pod, 'spec', 'nodeName')
  return [
    {
      namespace,
      name,
      ours: isOurs(pod, scene),
      phase: stringAt(pod, 'status', 'phase') ?? 'Pending',
      ...problem,
      ...(node !== undefined && { node }),
      ...(problem.problem === 'capacity' && { asks: requestsOf([pod]) }),
    },
  ]
}

/** By our label, or made by a workload of the request: the names of what Deployments and Jobs make start with theirs. */
function isOurs({ metadata }: KubernetesObject, { reference, target }: Scene): boolean {
  if (metadata.labels?.[OWNER_LABEL] === reference) return true
  const owners = listAt(metadata, 'ownerReferences').map((owner) => stringAt(owner, 'name') ?? '')
  const names = [metadata.name, ...owners]
  return target.objects.some(
    (object) =>
      object.namespace === metadata.namespace &&
      names.some((name) => name === object.name || name.startsWith(`${object.name}-`)),
  )
}

/** Of the container before, when the present one only waits for its next try. Nothing when they cannot be had: the status says enough. */
export async function lastWords(
  { cluster, signal }: Pick<Scene, 'cluster' | 'signal'>,
  { namespace, name, container, restarts }: Pick<PodFinding, 'namespace' | 'name' | 'container' | 'restarts'>,
): Promise<string | undefined> {
  const read = (previous: boolean) =>
    cluster.logs({ namespace, name }, { ...LOG_OF_ONE, container, previous, signal }).catch(() => undefined)
  return (restarts ? await read(true) : undefined) || (await read(false))
}
