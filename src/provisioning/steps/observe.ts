import type { Cluster, KubernetesObject, ObjectRef } from '../../clusters/cluster.ts'
import { at, listAt, numberAt, stringAt } from '../../clusters/fields.ts'
import { isCurrent } from '../../clusters/readiness.ts'
import { messageOf } from '../../errors.ts'
import { requestsOf } from '../../packages/requests.ts'
import type { Observed } from '../report-observed.ts'
import { forEachBounded } from './limits.ts'
import { isWorkload, plainRef } from './object-order.ts'
import { stateOf } from './readiness-wait.ts'
import type { StepContext } from './step.ts'

/** A report is for people, and stands in the record. */
const MOST_WORKLOADS = 50
const MOST_SERVICES = 20

type Placed = ObjectRef & { oCloudId: string }

/** Looks at the O-Clouds and at what the request has placed there. One that is away is told as such, and keeps nothing from being told. */
export async function observe(
  objects: readonly Placed[],
  ids: readonly string[],
  context: StepContext,
): Promise<Observed> {
  const clusters = new Map<string, Cluster>()
  const oClouds: Observed['oClouds'] = []
  for (const oCloudId of ids) {
    const { seen, cluster } = await look(oCloudId, context)
    oClouds.push(seen)
    if (cluster) clusters.set(oCloudId, cluster)
  }
  const workloads = objects.filter(isWorkload).slice(0, MOST_WORKLOADS)
  const services = objects.filter(isService).slice(0, MOST_SERVICES)
  const read = (ref: Placed) => get(clusters.get(ref.oCloudId), ref, context.signal)
  return {
    at: new Date().toISOString(),
    oClouds,
    workloads: await forEachBounded(workloads, async (ref) => workloadOf(ref, await read(ref))),
    services: await forEachBounded(services, async (ref) => serviceOf(ref, await read(ref))),
    objects: objects.length,
  }
}

async function look(
  oCloudId: string,
  context: StepContext,
): Promise<{ seen: Observed['oClouds'][number]; cluster?: Cluster }> {
  const { reachable, message, version, nodes, capacity, allocatable } = await context.status(oCloudId)
  const cluster = reachable ? await context.cluster(oCloudId) : undefined
  const seen = {
    oCloudId,
    ...(await context.describe?.(oCloudId)),
    ...(cluster && { endpoint: cluster.endpoint }),
    reachable,
    ...(message !== undefined && { message }),
    ...(version !== undefined && { version }),
    ...(nodes !== undefined && { nodes }),
    ...(capacity && { capacity: { ...capacity } }),
    ...(allocatable && { allocatable: { ...allocatable } }),
  }
  return { seen, ...(cluster && { cluster }) }
}

/** The object, or why it cannot be shown. */
async function get(cluster: Cluster | undefined, ref: Placed, signal: AbortSignal): Promise<KubernetesObject | string> {
  if (cluster === undefined) return 'its O-Cloud cannot be reached'
  try {
    return (await cluster.get(plainRef(ref), { signal })) ?? 'does not exist'
  } catch (error) {
    signal.throwIfAborted()
    return `cannot be read: ${messageOf(error)}`
  }
}

function workloadOf(ref: Placed, object: KubernetesObject | string): Observed['workloads'][number] {
  const named = { ...plainRef(ref), oCloudId: ref.oCloudId }
  if (typeof object === 'string') return { ...named, ready: false, state: object, images: [] }
  const pod = object.kind === 'Pod' ? object.spec : at(object, 'spec', 'template', 'spec')
  const images = listAt(pod, 'containers').flatMap((container) => stringAt(container, 'image') ?? [])
  const state = stateOf(object).message
  return {
    ...named,
    ready: isCurrent(object).current,
    state,
    images: [...new Set(images)],
    requests: { ...requestsOf([object]) },
  }
}

const isService = ({ apiVersion, kind }: ObjectRef): boolean => apiVersion === 'v1' && kind === 'Service'

function serviceOf(
  { oCloudId, namespace, name }: Placed,
  object: KubernetesObject | string,
): Observed['services'][number] {
  const named = { oCloudId, ...(namespace !== undefined && { namespace }), name }
  if (typeof object === 'string') return { ...named, type: object, addresses: [] }
  return { ...named, type: stringAt(object, 'spec', 'type') ?? 'ClusterIP', addresses: addressesOf(object) }
}

function addressesOf(service: KubernetesObject): string[] {
  const outside = listAt(service, 'status', 'loadBalancer', 'ingress').flatMap(
    (ingress) => stringAt(ingress, 'ip') ?? stringAt(ingress, 'hostname') ?? [],
  )
  const hosts = [...outside, stringAt(service, 'spec', 'clusterIP') ?? ''].filter(
    (host) => host !== '' && host !== 'None',
  )
  return listAt(service, 'spec', 'ports').flatMap((port) => {
    const protocol = stringAt(port, 'protocol') ?? 'TCP'
    const nodePort = numberAt(port, 'nodePort')
    const number = numberAt(port, 'port')
    return [
      ...hosts.map((host) => `${host}:${number}/${protocol}`),
      ...(nodePort === undefined ? [] : [`node port ${nodePort}/${protocol}`]),
    ]
  })
}
