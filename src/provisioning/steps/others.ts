import type { Cluster, KindRef, KubernetesObject, ObjectRef, Selection } from '../../clusters/cluster.ts'
import { at, listAt, stringAt } from '../../clusters/fields.ts'
import { OWNER_LABEL, STEP_LABEL } from '../../clusters/ownership.ts'
import { ServiceError } from '../../errors.ts'
import { nameOf, refOf } from './object-order.ts'
import type { Owner } from './ownership.ts'

/** Kinds that say that somebody lives in a namespace. */
const RESIDENTS: KindRef[] = [
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  { apiVersion: 'batch/v1', kind: 'Job' },
  { apiVersion: 'batch/v1', kind: 'CronJob' },
  { apiVersion: 'v1', kind: 'Pod' },
]

/** Kinds that controllers also make by themselves: they count only when they carry another request's label. */
const BELONGINGS: KindRef[] = [
  { apiVersion: 'v1', kind: 'ConfigMap' },
  { apiVersion: 'v1', kind: 'Secret' },
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'v1', kind: 'ServiceAccount' },
  { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
]

export type Resident =
  /** Another request of ours lives here: the namespace becomes its own. */
  | { heir: Owner; object: string }
  /** Somebody else does. */
  | { heir: undefined; object: string }

/**
 * Who else lives in a namespace that we made: workloads that are not ours, or objects of other requests. What somebody's controllers left there
 * (token Secrets, root certificates, Leases, claims of our own StatefulSets) does not keep a namespace alive. Kinds that we may not list are passed over, as long as there is
 * one kind of workload that we may; else rejects with the refusal.
 */
export async function residentOf(
  cluster: Cluster,
  namespace: string,
  owner: Owner,
  signal: AbortSignal,
): Promise<Resident | undefined> {
  const byLabel = `${OWNER_LABEL},${OWNER_LABEL}!=${owner.reference}`
  let stranger: Resident | undefined
  const hidden = new Map<KindRef, ServiceError>()
  for (const kind of [...RESIDENTS, ...BELONGINGS]) {
    const selection = BELONGINGS.includes(kind) ? { namespace, labelSelector: byLabel } : { namespace }
    for (const object of await listIfAllowed(cluster, kind, selection, signal, hidden)) {
      const resident = judge({ ...object, ...kind }, owner)
      if (resident?.heir) return resident
      stranger ??= resident
    }
  }
  const [refusal] = hidden.values()
  if (refusal !== undefined && RESIDENTS.every((kind) => hidden.has(kind))) throw refusal
  return stranger
}

/** An account that was given to us for certain kinds only sees nothing of the others. */
async function listIfAllowed(
  cluster: Cluster,
  kind: KindRef,
  selection: Selection,
  signal: AbortSignal,
  hidden: Map<KindRef, ServiceError>,
): Promise<KubernetesObject[]> {
  try {
    return await cluster.list(kind, selection, { signal })
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'APPLY_FAILED') throw error
    hidden.set(kind, error)
    return []
  }
}

function judge(object: KubernetesObject, owner: Owner): Resident | undefined {
  const { labels = {}, deletionTimestamp } = object.metadata
  const reference = labels[OWNER_LABEL]
  if (reference === owner.reference || deletionTimestamp !== undefined) return undefined
  if (listAt(object, 'metadata', 'ownerReferences').length > 0) return undefined
  const name = nameOf(refOf(object))
  const step = labels[STEP_LABEL]
  if (reference !== undefined && step !== undefined) return { heir: { reference, step }, object: name }
  return { heir: undefined, object: name }
}

/** The custom resources of a definition that none of these owners made: while they exist the definition stays, or they would go with it (everybody's would). */
export async function foreignResourcesOf(
  cluster: Cluster,
  definition: KubernetesObject,
  references: readonly string[],
  signal: AbortSignal,
): Promise<ObjectRef[]> {
  const group = stringAt(definition, 'spec', 'group')
  const kind = stringAt(definition, 'spec', 'names', 'kind')
  const version = listAt(definition, 'spec', 'versions').find((entry) => at(entry, 'served') === true)
  const versionName = stringAt(version, 'name')
  if (group === undefined || kind === undefined || versionName === undefined) return []
  const type = { apiVersion: `${group}/${versionName}`, kind }
  const resources = await cluster.list(type, {}, { signal })
  return resources
    .filter(({ metadata }) => !references.includes(metadata.labels?.[OWNER_LABEL] ?? ''))
    .map((resource) => refOf({ ...resource, ...type }))
}
