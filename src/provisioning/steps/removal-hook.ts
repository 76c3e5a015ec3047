import { z } from 'zod'
import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import { messageOf, ServiceError } from '../../errors.ts'
import { type HookInputs, hasFailed, hookInputs, isDone, jobOf, waitForJob } from './hook-job.ts'
import { isPastDeadline } from './limits.ts'
import { waitUntilGone } from './looking.ts'
import { nameOf, refOf } from './object-order.ts'
import { ownerOf, stamped, standingOf } from './ownership.ts'
import type { Step, StepContext, Undone } from './step.ts'

const owed = z.strictObject({ namespace: z.string(), hook: hookInputs.shape.hook })

/**
 * A hook that runs before what the request made is removed: now it only writes down what is owed, its undo runs the Job. A failed generation is undone without it, since nothing
 * was in use yet. How often one that fails is tried is the business of the unwinding (run/removal-hooks.ts).
 */
export const removalHook: Step<HookInputs> = {
  uses: 'removal-hook',
  inputs: hookInputs,
  outputs: [],
  identity: ({ target, namespace, hook: { name } }) => `${target}/${namespace}/${name}`,

  async plan() {
    return []
  },

  async apply({ target, namespace, hook }) {
    const beforeRemoval = JSON.parse(JSON.stringify({ namespace, hook }))
    return { oCloudId: target, objects: [], outputs: {}, notes: { beforeRemoval, summary: 'runs before the removal' } }
  },

  async verify(_inputs, made) {
    return made
  },

  async undo(made, scope, context) {
    const parsed = owed.safeParse(made.notes.beforeRemoval)
    // One that the template no longer has is not wanted any more.
    const wanted = scope === 'all' && context.steps.some(({ name }) => name === context.step)
    if (!wanted || !parsed.success || made.oCloudId === undefined) return { undone: [], left: [] }
    return run({ target: made.oCloudId, ...parsed.data }, context)
  },
}

async function run(given: HookInputs, context: StepContext): Promise<Undone> {
  const job = stamped(jobOf(given, context), ownerOf(context))
  try {
    const cluster = await context.cluster(given.target)
    if (cluster !== undefined) await runJob(cluster, job, given, context)
    return { undone: [], left: [] }
  } catch (error) {
    if (context.signal.aborted && !isPastDeadline(context.signal)) throw context.signal.reason
    if (!(error instanceof ServiceError)) throw error
    // A cluster of the request's own goes with it, also when it does not answer any more.
    const made = context.steps.some((step) => step.uses === 'kind-cluster' && step.made?.oCloudId === given.target)
    const left = [{ ...refOf(job), action: 'unchanged' as const, reason: messageOf(error) }]
    return { undone: [], left, ...(error.code === 'UNAVAILABLE' && !made && { away: true }) }
  }
}

/** Starts the Job unless a run before a death did, waits for it, and removes it whatever came of it. */
async function runJob(
  cluster: Cluster,
  job: KubernetesObject,
  { hook }: HookInputs,
  context: StepContext,
): Promise<void> {
  const { signal } = context
  const ref = refOf(job)
  const { namespace: name = '' } = ref
  const namespace = await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name }, { signal })
  if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return
  await withoutFailed(cluster, job, context)
  const live = await cluster.get(ref, { signal })
  await context.fence()
  const standing = live ?? (await cluster.apply(job, { signal, expect: 'absent' }))
  const failure = isDone(standing) ? undefined : await failureOf(waitForJob(cluster, standing, hook, context))
  await context.fence()
  await cluster.delete(ref, { signal, uid: standing.metadata.uid })
  if (failure) throw failure
}

/** How the Job failed; whatever else ends the wait leaves it to the next run. */
async function failureOf(wait: Promise<void>): Promise<ServiceError | undefined> {
  try {
    await wait
    return undefined
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'PROVISIONING_FAILED') return error
    throw error
  }
}

/** A Job that failed before is another try's; one that is not ours stays. */
async function withoutFailed(cluster: Cluster, job: KubernetesObject, context: StepContext): Promise<void> {
  const { signal } = context
  const ref = refOf(job)
  const live = await cluster.get(ref, { signal })
  if (live === undefined) return
  const standing = standingOf(live, ownerOf(context))
  if (standing.standing === 'foreign') throw new ServiceError('CONFLICT', `${nameOf(ref)} belongs to ${standing.owner}`)
  const { uid, deletionTimestamp } = live.metadata
  if (deletionTimestamp === undefined && !hasFailed(live)) return
  await context.fence()
  await cluster.delete(ref, { signal, uid })
  await waitUntilGone(cluster, ref, uid, signal)
}
