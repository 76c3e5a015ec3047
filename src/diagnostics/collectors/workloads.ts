import { at, listAt, stringAt } from '../../clusters/fields.ts'
import { HOOK_JOB_LABEL } from '../../clusters/ownership.ts'
import { isCurrent } from '../../clusters/readiness.ts'
import { problemOf } from '../pod-problem.ts'
import type { WorkloadFinding } from '../schema.ts'
import { type Collector, nameOf, type Scene } from '../subject.ts'
import { lastWords } from './pods.ts'

const MOST_ASKED = 50
const MOST = 20

/** The request's own objects that are not what their specs ask for; of a Job that failed, with the last words of its pod. */
export const workloads: Collector<WorkloadFinding[]> = {
  limitMs: 6_000,
  async collect(scene) {
    const { cluster, target, signal } = scene
    const looked = await Promise.all(
      target.objects.slice(0, MOST_ASKED).map(async (ref) => {
        const object = await cluster.get(ref, { signal })
        if (object === undefined) return []
        const state = isCurrent(object)
        if (state.current) return []
        const ended = ref.kind === 'Job' && state.failed ? await endOfJob(scene, ref) : {}
        const hook = at(object.spec, 'template', 'metadata', 'labels', HOOK_JOB_LABEL) !== undefined
        return [
          {
            object: nameOf(ref),
            ...(hook && { hook: true as const }),
            failed: state.failed,
            message: state.message,
            ...ended,
          },
        ]
      }),
    )
    return looked
      .flat()
      .sort((a, b) => Number(b.failed) - Number(a.failed))
      .slice(0, MOST)
  },
}

/** The last words of its pod; where it has none, what its status tells: the container may not even have started. */
async function endOfJob(
  scene: Scene,
  { namespace, name }: { namespace?: string; name: string },
): Promise<Pick<WorkloadFinding, 'log' | 'pod'>> {
  if (namespace === undefined) return {}
  const all = await scene.cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace }, { signal: scene.signal })
  const pods = all.filter(({ metadata }) =>
    listAt(metadata, 'ownerReferences').some(
      (owner) => stringAt(owner, 'kind') === 'Job' && stringAt(owner, 'name') === name,
    ),
  )
  const failed = pods.find((pod) => stringAt(pod, 'status', 'phase') === 'Failed') ?? pods[0]
  if (failed === undefined) return {}
  const log = await lastWords(scene, { namespace, name: failed.metadata.name })
  if (log) return { log }
  const problem = problemOf(failed)
  return problem ? { pod: problem.message } : {}
}
