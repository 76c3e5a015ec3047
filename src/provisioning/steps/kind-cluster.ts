import { isIP } from 'node:net'
import { z } from 'zod'
import type { ClusterLifecycle, ClusterPresence, ClusterSpec } from '../../clusters/lifecycle.ts'
import { isCurrent } from '../../clusters/readiness.ts'
import { messageOf, ServiceError } from '../../errors.ts'
import type { JsonObject } from '../../json.ts'
import type { Made, MadeObject } from '../record.ts'
import { isPastDeadline, throughOutages, Unreachable } from './limits.ts'
import { waitUntilCurrent } from './readiness-wait.ts'
import type { Change, Step, StepContext, Undone } from './step.ts'
import { CLUSTER_KIND, openTarget } from './target.ts'
import { waitFor } from './waiting.ts'

const subnet = z.string().refine(isSubnet, { message: 'must be a subnet such as 10.244.0.0/16' })
const port = z.number().int().min(1).max(65_535)

const inputs = z.strictObject({
  /** kind makes container and host names from it. */
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,48}[a-z0-9]$|^[a-z0-9]$/, 'must be 1 to 50 of a-z, 0-9 and -, first and last no -'),
  driver: z.enum(['kind', 'simulated']).default('kind'),
  nodeImage: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/, 'must be an image reference')
    .optional(),
  workers: z.number().int().min(0).max(20).default(0),
  podSubnet: subnet.optional(),
  serviceSubnet: subnet.optional(),
  portMappings: z
    .array(
      z.strictObject({
        containerPort: port,
        hostPort: port,
        protocol: z.enum(['TCP', 'UDP', 'SCTP']).default('TCP'),
        listenAddress: z
          .string()
          .refine((text) => isIP(text) !== 0, { message: 'must be an IP address' })
          .optional(),
      }),
    )
    .max(100)
    .default([]),
})

type Inputs = z.infer<typeof inputs>

/** How long nothing may change while nodes and CoreDNS come up. */
const SILENCE_SECONDS = 180
const COREDNS = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'kube-system', name: 'coredns' }
const NODE = { apiVersion: 'v1', kind: 'Node' }

/** Makes a cluster and registers it as an O-Cloud. A cluster of that name that is not ours is never touched; one of ours whose making was cut off is made anew. */
export const kindCluster: Step<Inputs> = {
  uses: 'kind-cluster',
  inputs,
  outputs: ['oCloudId', 'name'],
  identity: ({ driver, name }) => `${driver}/${name}`,

  async plan(given, previous, context) {
    const presence = await context.lifecycle(given.driver).find(given.name, { signal: context.signal })
    const standing = judge(given, previous, presence, context)
    return [{ action: standing === 'stands' ? 'none' : 'create', object: clusterRef(given.name) }]
  },

  async apply(given, previous, context) {
    const lifecycle = context.lifecycle(given.driver)
    const presence = await lifecycle.find(given.name, { signal: context.signal })
    const standing = judge(given, previous, presence, context)
    const made = madeOf(given, previous, standing, context)
    await context.checkpoint(made)
    if (standing === 'cut-off') await makeRoom(lifecycle, given.name, context)
    if (standing !== 'stands') await create(lifecycle, given, context)
    const kubeconfig = await lifecycle.kubeconfig(given.name, { signal: context.signal })
    await context.checkpoint({ ...made, notes: { ...made.notes, registering: true } })
    await context.fence()
    const oCloudId = await context.registerOCloud({ name: given.name, kubeconfig })
    const complete: Made = { ...made, oCloudId, outputs: { oCloudId, name: given.name } }
    await context.checkpoint(complete)
    return complete
  },

  async verify(given, made, context) {
    const cluster = await openTarget(made.oCloudId ?? '', context)
    const { signal, progress } = context
    const wanted = given.driver === 'kind' ? given.workers + 1 : 1
    await waitFor(
      cluster,
      [{ kind: NODE, selection: {} }],
      (seen) => {
        const nodes = seen.all()
        const ready = nodes.filter((node) => isCurrent(node).current).length
        const total = Math.max(wanted, nodes.length)
        return ready >= total
          ? { done: true }
          : { done: false, percent: 80 + (15 * ready) / total, message: `${ready} of ${total} nodes Ready` }
      },
      { signal, progress, silenceSeconds: SILENCE_SECONDS },
    )
    if (given.driver === 'kind') {
      await waitUntilCurrent(cluster, [COREDNS], {
        signal,
        progress: (_percent, message) => progress(95, message),
        silenceSeconds: SILENCE_SECONDS,
      })
    }
    return made
  },

  async undo(made, scope, context) {
    const result: Undone = { undone: [], left: [] }
    for (const object of made.objects) {
      if (object.madeIn === undefined || (scope === 'generation' && object.madeIn !== context.request.generation))
        continue
      const reason = await remove(made, object, context)
      if (reason === undefined) result.undone.push(object)
      else result.left.push({ ...object, reason })
    }
    return result
  },
}

const clusterRef = (name: string): Change['object'] => ({ ...CLUSTER_KIND, name })

type Standing = 'absent' | 'cut-off' | 'stands'

/** What to do about a cluster that exists. Rejects with CONFLICT when it is not ours, and in words when it would have to be another one. */
function judge(
  given: Inputs,
  previous: Made | undefined,
  presence: ClusterPresence,
  { request }: Pick<StepContext, 'request'>,
): Standing {
  if (presence.state === 'absent') return 'absent'
  if (presence.owner !== request.reference) {
    const owner =
      presence.owner === undefined
        ? 'was not made by this service'
        : `belongs to provisioning request ${presence.owner}`
    throw new ServiceError(
      'CONFLICT',
      `a cluster named ${given.name} exists already and ${owner}; give this one another name`,
    )
  }
  // A cluster of ours is written down before it is made: one that is not was made by another step of this request.
  const own = previous?.objects.some((object) => object.name === given.name && object.action !== 'deleted')
  if (!own) {
    throw new ServiceError(
      'CONFLICT',
      `a cluster named ${given.name} belongs to another step of this request; give this one another name`,
    )
  }
  if (!presence.complete) return 'cut-off'
  const before = previous?.notes.spec
  const changed = before === undefined ? [] : differences(before as JsonObject, specNotes(given))
  if (changed.length > 0) {
    throw new ServiceError(
      'PROVISIONING_FAILED',
      `cluster ${given.name} stands and cannot be changed in place (${changed.join(', ')}): give the new cluster another name, or delete this request and send it again`,
    )
  }
  return 'stands'
}

const specNotes = (given: Inputs): JsonObject => JSON.parse(JSON.stringify(given))

function differences(before: JsonObject, after: JsonObject): string[] {
  const fields = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...fields].filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]))
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
    notes: { ...previous?.notes, driver: given.driver, spec: specNotes(given) },
  }
}

async function makeRoom(lifecycle: ClusterLifecycle, name: string, context: StepContext): Promise<void> {
  const { signal, run } = context
  context.progress(0, `what is left of an earlier attempt at ${name} is removed`)
  await context.fence()
  await lifecycle.delete(name, { signal, run })
}

async function create(lifecycle: ClusterLifecycle, given: Inputs, context: StepContext): Promise<void> {
  const { driver: _driver, ...rest } = given
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
  const kubeconfig = present ? await lifecycleOf(made, context).kubeconfig(name, { signal }) : undefined
  try {
    return await context.registerOCloud({ name, kubeconfig })
  } catch (error) {
    // The name is another O-Cloud's: ours was never registered.
    if (error instanceof ServiceError && (error.code === 'ALREADY_EXISTS' || error.code === 'CONFLICT'))
      return undefined
    throw error
  }
}

const lifecycleOf = (made: Made, context: StepContext): ClusterLifecycle =>
  context.lifecycle(made.notes.driver === 'simulated' ? 'simulated' : 'kind')

function isSubnet(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/')
  const family = isIP(address)
  return more.length === 0 && family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)
}
