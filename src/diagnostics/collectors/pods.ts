import type { KubernetesObject } from '../../clusters/cluster.ts'
import { listAt, stringAt } from '../../clusters/fields.ts'
import { OWNER_LABEL } from '../../clusters/ownership.ts'
import { requestsOf } from '../../packages/requests.ts'
import { belongsTo } from '../belonging.ts'
import { problemOf } from '../pod-problem.ts'
import type { PodFinding } from '../schema.ts'
import type { Collector, Scene } from '../subject.ts'

const MOST = 20
const MOST_LOGS = 5
const LOG_OF_ONE = { tailLines: 20, limitBytes: 4 * 1024 }

/** The pods of the namespaces concerned that do not run, with the last words of those that crashed; those of the request first. */
export const pods: Collector<PodFinding[]> = {
  limitMs: 6_000,
  async collect(scene) {
    const { cluster, target, signal } = scene
    const found: Found[] = []
    for (const namespace of target.namespaces) {
      const listed = await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace }, { signal })
      found.push(...listed.flatMap((pod) => findingOf(pod, scene)))
    }
    const shown = found.sort((a, b) => Number(b.finding.ours) - Number(a.finding.ours)).slice(0, MOST)
    const crashed = shown.filter(({ finding }) => finding.problem === 'crash').slice(0, MOST_LOGS)
    await Promise.all(
      crashed.map(async ({ finding, runsAgain }) => {
        const log = await lastWords(scene, { ...finding, runsAgain })
        if (log) finding.log = log
      }),
    )
    return shown.map(({ finding }) => finding)
  },
}

interface Found {
  finding: PodFinding
  runsAgain?: true
}

function findingOf(pod: KubernetesObject, scene: Scene): Found[] {
  const problem = problemOf(pod)
  if (problem === undefined) return []
  const { runsAgain, ...told } = problem
  const { namespace = '', name } = pod.metadata
  const node = stringAt(pod, 'spec', 'nodeName')
  const finding: PodFinding = {
    namespace,
    name,
    ours: isOurs(pod, scene),
    phase: stringAt(pod, 'status', 'phase') ?? 'Pending',
    ...told,
    ...(node !== undefined && { node }),
    ...(problem.problem === 'capacity' && { asks: requestsOf([pod]) }),
  }
  return [{ finding, ...(runsAgain && { runsAgain }) }]
}

/** By our label, or made for an object of the request. */
function isOurs({ metadata }: KubernetesObject, { reference, target }: Scene): boolean {
  if (metadata.labels?.[OWNER_LABEL] === reference) return true
  const { namespace, name } = metadata
  const owners = listAt(metadata, 'ownerReferences').map((owner) => ({
    kind: stringAt(owner, 'kind') ?? '',
    namespace,
    name: stringAt(owner, 'name') ?? '',
  }))
  const named = [{ kind: 'Pod', namespace, name }, ...owners]
  return target.objects.some((object) => named.some((one) => belongsTo(object, one)))
}

/** What a container said before it ended. Nothing when that cannot be had: the status says enough. */
export async function lastWords(
  { cluster, signal }: Pick<Scene, 'cluster' | 'signal'>,
  { namespace, name, container, runsAgain = false }: LastWordsOf,
): Promise<string | undefined> {
  const read = (previous: boolean) =>
    cluster.logs({ namespace, name }, { ...LOG_OF_ONE, container, previous, signal }).catch(() => undefined)
  return (await read(runsAgain)) || (await read(!runsAgain))
}

interface LastWordsOf extends Pick<PodFinding, 'namespace' | 'name' | 'container'> {
  runsAgain?: boolean
}
