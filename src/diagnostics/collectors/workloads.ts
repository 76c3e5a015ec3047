import { at, listAt, stringAt } from '../../clusters/fields.ts'
import { HOOK_JOB_LABEL } from '../../clusters/ownership.ts'
import { isCurrent } from '../../clusters/readiness.ts'
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
        const log = ref.kind === 'Job' && state.failed ? await logOfJob(scene, ref) : undefined
        const hook = at(object.spec, 'template', 'metadata', 'labels', HOOK_JOB_LABEL) !== undefined
        return [
          {
            object: nameOf(ref),
            ...(hook && { hook: true as const }),
            failed: state.failed,
            message: state.message,
            ...(log && { log }),
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

async function logOfJob(scene: Scene, { namespace, name }: { namespace?: string; name: string }) {
  if (namespace === undefined) return undefined
  const all = await scene.cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace }, { signal: scene.signal })
  const pods = all.filter(({ metadata }) =>
    listAt(metadata, 'ownerReferences').some(
      (owner) => stringAt(owner, 'kind') === 'Job' && stringAt(owner, 'name') === name,
    ),
  )
  const failed = pods.find((pod) => stringAt(pod, 'status', 'phase') === 'Failed') ?? pods[0]
  return failed && lastWords(scene, { namespace, name: failed.metadata.name })
}
