import type { ClusterLifecycle, ClusterPresence, ClusterSpec } from '../../clusters/lifecycle.ts'
import { messageOf, ServiceError } from '../../errors.ts'
import type { Made, MadeObject } from '../record.ts'
import { nodeCount, nodesReady } from './kind-cluster-health.ts'
import { type KindClusterInputs, kindClusterInputs } from './kind-cluster-inputs.ts'
import { type Standing, specNotes, standingOf } from './kind-cluster-standing.ts'
import { isPastDeadline, throughOutages, Unreachable } from './limits.ts'
import { waitUntilCurrent } from './readiness-wait.ts'
import type { Change, Step, StepContext, Undone } from './step.ts'
import { CLUSTER_KIND, openTarget } from './target.ts'
import { waitFor } from './waiting.ts'

type Inputs = KindClusterInputs

/** How long nothing may change while nodes and CoreDNS come up. */
const SILENCE_SECONDS = 180
const COREDNS = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'kube-system', name: 'coredns' }
const NODE = { apiVersion: 'v1', kind: 'Node' }

/** How long a cluster that stands may take to show that it is well: its machines may just have been started again. */
const RECOVERY_MS = 30_000
const RECOVERY_IN_PLAN_MS = 5_000

/**
 * Makes a cluster and registers it as an O-Cloud. A cluster of that name that is not ours is never touched; one of ours whose making was cut off is made
 * anew, and so is one that is not well, when the inputs say so.
 */
export function createKindCluster({ recoveryMs = RECOVERY_MS } = {}): Step<Inputs> {
  return {
    uses: 'kind-cluster',
    inputs: kindClusterInputs,
    outputs: ['oCloudId', 'name'],
    identity: ({ driver, name }) => `${driver}/${name}`,

    async plan(given, previous, context) {
      const standing = await standingOf(given, previous, Math.min(recoveryMs, RECOVERY_IN_PLAN_MS), context)
      const object = clusterRef(given.name)
      if (standing === 'stands') return [{ action: 'none', object }]
      const create: Change = { action: 'create', object }
      return standing === 'unhealthy' ? [{ action: 'delete', object }, create] : [create]
    },

    async apply(given, previous, context) {
      const lifecycle = context.lifecycle(given.driver)
      const standing = await standingOf(given, previous, recoveryMs, context)
      const made = madeOf(given, previous, standing, context)
      await context.checkpoint(made)
      if (standing === 'unhealthy') await giveUp(made, context)
      if (standing === 'cut-off' || standing === 'unhealthy') await makeRoom(lifecycle, given.name, standing, context)
      if (standing !== 'stands') await create(lifecycle, given, context)
      return register(lifecycle, given.name, made, context)
    },

    verify,
    undo,
  }
}

export const kindCluster = createKindCluster()

async function register(lifecycle: ClusterLifecycle, name: string, made: Made, context: StepContext): Promise<Made> {
  const kubeconfig = await lifecycle.kubeconfig(name, { signal: context.signal })
  await context.checkpoint({ ...made, notes: { ...made.notes, registering: true } })
  await context.fence()
  const oCloudId = await context.registerOCloud({ name, kubeconfig })
  const complete: Made = { ...made, oCloudId, outputs: { oCloudId, name } }
  await context.checkpoint(complete)
  return complete
}

/** Every node Ready, and CoreDNS Available: without it nothing that is placed finds anything. */
async function verify(given: Inputs, made: Made, context: StepContext): Promise<Made> {
  const cluster = await openTarget(made.oCloudId ?? '', context)
  const { signal, progress } = context
  await waitFor(cluster, [{ kind: NODE, selection: {} }], (seen) => nodesReady(seen.all(), nodeCount(given)), {
    signal,
    progress,
    silenceSeconds: SILENCE_SECONDS,
  })
  if (given.driver === 'kind') {
    await waitUntilCurrent(cluster, [COREDNS], {
      signal,
      progress: (_percent, message) => progress(95, message),
      silenceSeconds: SILENCE_SECONDS,
    })
  }
  return { ...made, notes: { ...made.notes, ready: true } }
}

async function undo(made: Made, scope: 'generation' | 'all', context: StepContext): Promise<Undone> {
  const result: Undone = { undone: [], left: [] }
  for (const object of made.objects) {
    if (object.madeIn === undefined || (scope === 'generation' && object.madeIn !== context.request.generation))
      continue
    const reason = await remove(made, object, context)
    if (reason === undefined) result.undone.push(object)
    else result.left.push({ ...object, reason })
  }
  return result
}

const clusterRef = (name: string): Change['object'] => ({ ...CLUSTER_KIND, name })

/** The registration goes before the cluster: it is refused while other requests use the O-Cloud. */
async function giveUp({ oCloudId }: Made, context: StepContext): Promise<void> {
  await context.fence()
  if (oCloudId !== undefined) await context.unregisterOCloud(oCloudId)
}

/** The registration outlives a cluster that has to be made anew: it is the same O-Cloud for the same step. */
function madeOf(given: Inputs, previous: Made | undefined, standing: Standing, { request }: StepContext): Made {
  const before = standing === 'stands' ? previous?.objects[0]?.madeIn : undefined
  const madeIn = before ?? request.generation
  const action = madeIn === request.generation ? 'created' : 'unchanged'
  return {
    ...(previous?.oCloudId !== undefined && { oCloudId: previous.oCloudId }),
    objects: [{ ...clusterRef(given.name), action, madeIn }],
    outputs: { ...previous?.outputs },
    notes: {
      ...previous?.notes,
      ready: standing === 'stands' && previous?.notes.ready === true,
      driver: given.driver,
      spec: specNotes(given),
    },
  }
}

async function makeRoom(
  lifecycle: ClusterLifecycle,
  name: string,
  standing: 'cut-off' | 'unhealthy',
  context: StepContext,
): Promise<void> {
  const { signal, run } = context
  const what = standing === 'unhealthy' ? 'the unhealthy cluster' : 'what is left of an earlier attempt at'
  context.progress(0, `${what} ${name} is removed`)
  await context.fence()
  await lifecycle.delete(name, { signal, run })
}

async function create(lifecycle: ClusterLifecycle, given: Inputs, context: StepContext): Promise<void> {
  const { driver: _driver, replaceUnhealthy: _replace, ...rest } = given
  const spec: ClusterSpec = rest
  const { signal, run, request } = context
  await context.fence()
  await lifecycle.create(
    spec,
    { reference: request.reference },
    { signal, run, progress: (percent, message) => context.progress(percent * 0.8, message) },
  )
}

/**
 * Takes the cluster out of the registry, then away. The registration goes first: it is refused while other requests use the O-Cloud.
 * Answers why it is still there, undefined when it is gone.
 */
async function remove(made: Made, { name }: MadeObject, context: StepContext): Promise<string | undefined> {
  const { signal, run, request } = context
  const lifecycle = lifecycleOf(made, context)
  try {
    await throughOutages(async () => {
      const presence = await lifecycle.find(name, { signal })
      await context.fence()
      const oCloudId = made.oCloudId ?? (await forgottenRegistration(made, presence, name, context))
      if (oCloudId !== undefined) await context.unregisterOCloud(oCloudId)
      if (presence.state === 'absent' || presence.owner !== request.reference) return
      await context.fence()
      await lifecycle.delete(name, { signal, run })
    }, signal)
    return undefined
  } catch (error) {
    if (signal.aborted && !isPastDeadline(signal)) throw signal.reason
    if (error instanceof ServiceError || error instanceof Unreachable) return messageOf(error)
    throw error
  }
}

/** A death between the registration and its record leaves one without an id: registering again finds it. */
async function forgottenRegistration(
  made: Made,
  presence: ClusterPresence,
  name: string,
  context: StepContext,
): Promise<string | undefined> {
  if (made.notes.registering !== true) return undefined
  const { signal } = context
  const present = presence.state === 'present' && presence.owner === context.request.reference
  const kubeconfig = present
    ? await lifecycleOf(made, context).kubeconfig(name, { signal }).catch(unlessBroken)
    : undefined
  try {
    return await context.registerOCloud({ name, kubeconfig })
  } catch (error) {
    // The name is another O-Cloud's: ours was never registered.
    if (error instanceof ServiceError && (error.code === 'ALREADY_EXISTS' || error.code === 'CONFLICT'))
      return undefined
    throw error
  }
}

/** A cluster that does not run any more shows nobody its kubeconfig; it goes all the same. */
function unlessBroken(error: unknown): undefined {
  if (!(error instanceof ServiceError) || error.code !== 'KIND_FAILED') throw error
}

const lifecycleOf = (made: Made, context: StepContext): ClusterLifecycle =>
  context.lifecycle(made.notes.driver === 'simulated' ? 'simulated' : 'kind')
