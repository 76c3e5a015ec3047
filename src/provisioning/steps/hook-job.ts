import { z } from 'zod'
import type { Cluster, KubernetesObject, ObjectRef } from '../../clusters/cluster.ts'
import { conditionOf, stringAt } from '../../clusters/fields.ts'
import { plainWords } from '../../clusters/log-end.ts'
import { HOOK_JOB_LABEL } from '../../clusters/ownership.ts'
import { LOG_ANNOTATION } from '../../clusters/simulated/cluster.ts'
import { TROUBLE_ANNOTATION } from '../../clusters/simulated/controllers/troubled-pods.ts'
import { messageOf, ServiceError } from '../../errors.ts'
import { type Hook, hookSchema } from '../templates/field-schema.ts'
import { nameOf, refOf } from './object-order.ts'
import { whyNotReady } from './readiness-wait.ts'
import type { StepContext } from './step.ts'
import { type Verdict, waitFor } from './waiting.ts'

/** What a hook needs: the O-Cloud, the namespace that its Job runs in, and the Job. */
export const hookInputs = z.strictObject({
  target: z.string().min(1),
  namespace: z.string().min(1).max(63),
  hook: hookSchema,
})

export type HookInputs = z.output<typeof hookInputs>

const CONTAINER = 'hook'
/** Kubernetes ends the Job some seconds after we have stopped waiting: by then we have read why. */
const GRACE_SECONDS = 30
const RESOURCES = { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '500m', memory: '256Mi' } }

/** The Job of a hook in this generation: a retry is another Job, and so is a rollback. One try, no token for the API, no more than its time. */
export function jobOf(
  { namespace, hook }: Pick<HookInputs, 'namespace' | 'hook'>,
  context: StepContext,
): KubernetesObject {
  const { reference, generation } = context.request
  const name = `${hook.name}-${reference.slice(0, 8)}-${generation}${context.rollingBack ? 'r' : ''}`
  const annotations = troubleOf(hook.name, context)
  const { image, command, args, env, resources = RESOURCES } = hook
  const securityContext = { allowPrivilegeEscalation: false }
  const container = { name: CONTAINER, image, command, args, env, resources, securityContext }
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: hook.timeoutSeconds + GRACE_SECONDS,
      template: {
        metadata: { labels: { [HOOK_JOB_LABEL]: name }, annotations },
        spec: { restartPolicy: 'Never', automountServiceAccountToken: false, containers: [container] },
      },
    },
  }
  // As it stands on the wire: without what is undefined.
  return JSON.parse(JSON.stringify(job))
}

/** What a simulated O-Cloud shall make of the Job. */
function troubleOf(name: string, { simulatedHooks }: StepContext): Record<string, string> | undefined {
  const trouble = simulatedHooks?.[name]
  if (trouble === undefined) return undefined
  const { fails, log } = trouble
  return { ...(fails && { [TROUBLE_ANNOTATION]: fails }), ...(log !== undefined && { [LOG_ANNOTATION]: log }) }
}

/**
 * Waits by watching until the Job has succeeded. Rejects with PROVISIONING_FAILED, the Job's name, why, and the end of what it printed, when it fails or takes longer than the
 * hook's own time limit; with TIMEOUT when the request's deadline comes first.
 */
export async function waitForJob(
  cluster: Cluster,
  job: KubernetesObject,
  hook: Pick<Hook, 'timeoutSeconds'>,
  { signal, progress }: Pick<StepContext, 'signal' | 'progress'>,
): Promise<void> {
  const ref = refOf(job)
  const own = new AbortController()
  const late = new ServiceError('PROVISIONING_FAILED', `${nameOf(ref)} did not end within ${hook.timeoutSeconds} s`)
  const timer = setTimeout(() => own.abort(late), hook.timeoutSeconds * 1000)
  const { namespace, name } = job.metadata
  const watched = { kind: { apiVersion: ref.apiVersion, kind: ref.kind }, selection: { namespace, name } }
  try {
    const options = { signal: AbortSignal.any([signal, own.signal]), progress }
    await waitFor(cluster, [watched], (seen) => judge(ref, seen.get(ref)), options)
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'PROVISIONING_FAILED') throw error
    const why = await whyItFailed(cluster, job)
    throw new ServiceError('PROVISIONING_FAILED', [error.message, ...why].join('; '), { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

export const isDone = (job: KubernetesObject): boolean => conditionOf(job, 'Complete')?.status === 'True'
export const hasFailed = (job: KubernetesObject): boolean => conditionOf(job, 'Failed')?.status === 'True'

function judge(ref: ObjectRef, job: KubernetesObject | undefined): Verdict {
  if (job === undefined) return { failed: `${nameOf(ref)} was removed by somebody else` }
  if (isDone(job)) return { done: true }
  const failed = conditionOf(job, 'Failed')
  if (failed?.status === 'True')
    return { failed: `${nameOf(ref)} failed: ${[failed.reason, failed.message].filter(Boolean).join(': ')}` }
  const started = stringAt(job, 'status', 'startTime') !== undefined
  return { done: false, percent: started ? 50 : 10, message: `${nameOf(ref)} ${started ? 'runs' : 'has not started'}` }
}

const EXPLAIN_WITHIN_MS = 5_000
const LAST_LINES = 5
const LAST_BYTES = 600
const POD = { apiVersion: 'v1', kind: 'Pod' }
const EVENT = { apiVersion: 'v1', kind: 'Event' }

/** What its pod tells, and printed last; where there is none, why none could be made. Read once. */
async function whyItFailed(
  cluster: Cluster,
  { metadata: { namespace = '', name } }: KubernetesObject,
): Promise<string[]> {
  const options = { signal: AbortSignal.timeout(EXPLAIN_WITHIN_MS) }
  try {
    const labelSelector = `${HOOK_JOB_LABEL}=${name}`
    const pod = (await cluster.list(POD, { namespace, labelSelector }, options)).at(-1)
    if (pod === undefined) {
      const events = await cluster.list(EVENT, { namespace }, options)
      const about = events.filter((event) => stringAt(event, 'involvedObject', 'name') === name)
      const warning = about.findLast((event) => stringAt(event, 'type') === 'Warning')
      return warning === undefined ? [] : [`no pod: ${stringAt(warning, 'message') ?? ''}`]
    }
    const ref = { namespace, name: pod.metadata.name }
    const printed = await cluster.logs(ref, { ...options, tailLines: LAST_LINES, limitBytes: LAST_BYTES })
    const words = plainWords(printed ?? '')
    return [whyNotReady(pod), words === '' ? undefined : `its last words: "${words}"`].filter(
      (part) => part !== undefined,
    )
  } catch (error) {
    return [`its pod could not be read: ${messageOf(error)}`]
  }
}
