import type { Made } from '../record.ts'
import { type HookInputs, hookInputs, jobOf, waitForJob } from './hook-job.ts'
import { manifests } from './manifests.ts'
import { keyOf, refOf } from './object-order.ts'
import { removeObjects } from './remove-objects.ts'
import type { Step, StepContext } from './step.ts'
import { openTarget } from './target.ts'

/** Runs one Job on the target and waits until it has succeeded; then the Job goes. A Job that failed stays until the undo, so that it can be looked at. */
export const hook: Step<HookInputs> = {
  uses: 'hook',
  inputs: hookInputs,
  outputs: [],
  // What it is about may have changed though it has not.
  always: true,
  identity: ({ target, namespace, hook: { name } }) => `${target}/${namespace}/${name}`,

  plan: (given, previous, context) => manifests.plan(objectsOf(given, context), previous, context),

  async apply(given, previous, context) {
    const { target, namespace, objects } = objectsOf(given, context)
    // After a death between its success and its removal it is not run twice.
    const wanted = hasSucceeded(given, previous, context) ? objects.filter(({ kind }) => kind !== 'Job') : objects
    return manifests.apply({ target, namespace, objects: wanted }, previous, context)
  },

  async verify(given, made, context) {
    const started = performance.now()
    if (hasSucceeded(given, made, context)) return made
    const cluster = await openTarget(given.target, context)
    const job = jobOf(given, context)
    await waitForJob(cluster, job, given.hook, context)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    const notes = {
      ...made.notes,
      succeeded: job.metadata.name,
      summary: `${given.hook.name} succeeded after ${seconds} s`,
    }
    const done = { ...made, notes }
    await context.checkpoint(done)
    const key = keyOf(refOf(job))
    const { left } = await removeObjects(
      cluster,
      made.objects.filter((object) => keyOf(object) === key),
      context,
    )
    if (left.length > 0) context.log.warn({ job: job.metadata.name, cause: left[0]?.reason }, 'the Job of a hook stays')
    const gone = (object: Made['objects'][number]) => left.length === 0 && keyOf(object) === key
    return {
      ...done,
      objects: done.objects.map((object) => (gone(object) ? { ...object, action: 'deleted' } : object)),
    }
  },

  undo: (made, scope, context) => manifests.undo(made, scope, context),
}

/** The Job, and the namespace where nothing has made it yet. */
function objectsOf(given: HookInputs, context: StepContext) {
  const { target, namespace } = given
  const own = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
  return { target, namespace, objects: [own, jobOf(given, context)] }
}

const hasSucceeded = (given: HookInputs, made: Made | undefined, context: StepContext): boolean =>
  made?.notes.succeeded === jobOf(given, context).metadata.name
