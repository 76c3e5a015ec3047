import { z } from 'zod'
import type { Cluster, KindRef, KubernetesObject } from '../../clusters/cluster.ts'
import { ServiceError } from '../../errors.ts'
import type { Made } from '../record.ts'
import { hookSchema, quotaSchema } from '../templates/field-schema.ts'
import { isOwn, type Occupancy, shortages } from './capacity.ts'
import { jobOf } from './hook-job.ts'
import { isWorkload } from './object-order.ts'
import { noteOfSource, packagePlace, sourceFor } from './package-source.ts'
import { type Bound, boundsOf, quotaShortages, unsaid } from './quota.ts'
import type { Step, StepContext } from './step.ts'

const inputs = z.strictObject({
  target: z.string().min(1).optional(),
  /** The driver of the cluster that a later step makes; where there is a target, the target decides. */
  driver: z.enum(['kind', 'simulated']).optional(),
  tools: z.array(z.enum(['kind', 'kpt'])).default([]),
  package: packagePlace.optional(),
  namespace: z.string().min(1).default('default'),
  values: z.record(z.string(), z.json()).default({}),
  /** `hard` of the quota that a later step puts on the namespace. */
  quota: quotaSchema.optional(),
  /** Jobs that run beside the package, one at a time. */
  jobs: z.array(hookSchema).default([]),
})

type Inputs = z.infer<typeof inputs>
type Tool = { name: string; version: string }

/** Checks, and makes nothing: tools with their versions, the target, the package, its quota and its capacity. */
export const preflight: Step<Inputs> = {
  uses: 'preflight',
  inputs,
  outputs: ['tools'],
  // Asks about the world, and that changes without us.
  always: true,

  async plan(given, _previous, context) {
    await check(given, context)
    return []
  },

  async apply(given, _previous, context) {
    const { tools, notes } = await check(given, context)
    const made: Made = { objects: [], outputs: { tools: tools.map((tool) => ({ ...tool })) }, notes }
    if (tools.length > 0) made.notes.summary = tools.map(({ name, version }) => `${name} ${version}`).join(', ')
    return made
  },

  async verify(_inputs, made) {
    return made
  },

  async undo() {
    return { undone: [], left: [] }
  },
}

async function check(given: Inputs, context: StepContext): Promise<{ tools: Tool[]; notes: Made['notes'] }> {
  const { target } = given
  const cluster = target === undefined ? undefined : await context.cluster(target)
  if (target !== undefined && cluster !== undefined) await checkReachable(target, context)
  const tools = await checkTools(given, cluster?.simulated ?? given.driver === 'simulated', context)
  const { package: place, namespace } = given
  if (place === undefined) return { tools, notes: {} }
  const { signal, run } = context
  const rendered = await context.render(sourceFor(place, given, context), { signal, run })
  await checkQuota(given, rendered.objects, cluster, context)
  if (cluster !== undefined) await checkCapacity(cluster, rendered.objects, namespace, context)
  return { tools, notes: noteOfSource(place, rendered, context) }
}

const NODE = { apiVersion: 'v1', kind: 'Node' }
const POD = { apiVersion: 'v1', kind: 'Pod' }

/** Asks for nodes and pods once. Where we may not see them, the scheduler has the last word. */
async function checkCapacity(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
  namespace: string,
  context: StepContext,
): Promise<void> {
  const { signal, request } = context
  if (!objects.some(isWorkload)) return
  const occupancy = await occupancyOf(cluster, signal)
  if (typeof occupancy === 'string') {
    context.progress(90, `capacity not checked: ${occupancy}`)
    return
  }
  const short = shortages(objects, occupancy, { reference: request.reference, namespace })
  if (short.length > 0) throw new ServiceError('INSUFFICIENT_CAPACITY', short.join('; '))
}

const QUOTA = { apiVersion: 'v1', kind: 'ResourceQuota' }
const LIMIT_RANGE = { apiVersion: 'v1', kind: 'LimitRange' }

/** Against the quota of the template, and against those that stand in the namespace already. */
async function checkQuota(
  { quota, jobs, namespace }: Inputs,
  objects: readonly KubernetesObject[],
  cluster: Cluster | undefined,
  context: StepContext,
): Promise<void> {
  const { signal, request } = context
  const own: Bound[] = quota === undefined ? [] : [{ name: "template's quota", hard: quota }]
  const read = (kind: KindRef) => cluster?.list(kind, { namespace }, { signal }).catch(unlessRefused) ?? []
  const bounds = [...own, ...boundsOf(await read(QUOTA), request.reference)]
  if (bounds.length === 0) return
  const others = (await read(POD)).filter((pod) => !isOwn(pod, { reference: request.reference, namespace }))
  const nodes = (await cluster?.list(NODE, {}, { signal }).catch(unlessRefused))?.length ?? 1
  const filledIn = (await read(LIMIT_RANGE)).length > 0
  const beside = jobs.map((hook) => jobOf({ namespace, hook }, context))
  const short = [
    ...quotaShortages(objects, bounds, { others, jobs: beside, nodes }),
    ...(filledIn ? [] : unsaid([...objects, ...beside], bounds)),
  ]
  if (short.length > 0) throw new ServiceError('INSUFFICIENT_CAPACITY', short.join('; '))
}

/** What we may not see is the API server's to judge. */
function unlessRefused(error: unknown): KubernetesObject[] {
  if (error instanceof ServiceError && error.code === 'APPLY_FAILED') return []
  throw error
}

async function occupancyOf(cluster: Cluster, signal: AbortSignal): Promise<Occupancy | string> {
  try {
    return { nodes: await cluster.list(NODE, {}, { signal }), pods: await cluster.list(POD, {}, { signal }) }
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'APPLY_FAILED') return error.message
    throw error
  }
}

async function checkReachable(target: string, context: StepContext): Promise<void> {
  const { reachable, message = 'no answer' } = await context.status(target)
  if (reachable) return
  const { name = target } = (await context.describe?.(target)) ?? {}
  throw new ServiceError('PREFLIGHT_FAILED', `the O-Cloud ${name} cannot be reached: ${message}`)
}

/** A simulated cluster needs no real tool: its drivers answer for themselves. */
async function checkTools({ tools, driver }: Inputs, simulated: boolean, context: StepContext): Promise<Tool[]> {
  const { signal } = context
  const found: Tool[] = []
  if (tools.includes('kind'))
    found.push(...(await context.lifecycle(driver ?? (simulated ? 'simulated' : 'kind')).check({ signal })))
  if (tools.includes('kpt')) found.push(...(await context.packages({ simulated }).check({ signal })))
  return found
}
