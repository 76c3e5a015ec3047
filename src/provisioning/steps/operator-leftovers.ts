import type { Cluster, KindRef, KubernetesObject } from '../../clusters/cluster.ts'
import { listAt, stringAt } from '../../clusters/fields.ts'
import { messageOf, ServiceError } from '../../errors.ts'
import { CAPI_CLUSTER, PACKAGE_REVISION, PACKAGE_VARIANT, PACKAGES_NAMESPACE } from '../../operators/kinds.ts'
import type { MadeObject } from '../record.ts'
import { isPastDeadline, throughOutages } from './limits.ts'
import { waitUntilGone } from './looking.ts'
import { refOf } from './object-order.ts'
import { removeObjects } from './remove-objects.ts'
import type { StepContext, Undone } from './step.ts'

/** A request that is gone, as far as what it leaves behind is known by it. */
export interface WithdrawnRequest {
  name: string
  uid: string | undefined
  clusterName: string | undefined
  /** Of the Cluster that it made. */
  clusterUid: string | undefined
}

/** By this the newer o2ims-operator marks its PackageVariants. */
const REQUEST_UID = 'o2ims.provisioning.oran.org/request-uid'

/**
 * Removes what the o2ims-operator leaves on the O-Cloud when its request is deleted, which neither generation does (nephio.md C.4): the PackageVariant, then the package revisions whose
 * deletion Porch only proposes; then waits for the Cluster, which goes when nobody's package asks for it any more. Where there is no Porch there is nothing to do.
 */
export async function removeLeftovers(
  cluster: Cluster,
  request: WithdrawnRequest,
  context: StepContext,
): Promise<Undone> {
  const result: Undone = { undone: [], left: [] }
  const add = ({ undone, left }: Undone): void => {
    result.undone.push(...undone)
    result.left.push(...left)
  }
  const variants = await listIfServed(cluster, PACKAGE_VARIANT, context)
  const own = variants.filter((variant) => belongsTo(variant, request))
  const made = await clusterOf(cluster, own, request, context)
  add(await removeObjects(cluster, own.map(madeByOperator), context))
  if (result.left.length > 0) return result
  const others = variants.filter((variant) => !own.includes(variant))
  const revisions = await listIfServed(cluster, PACKAGE_REVISION, context)
  const proposed = revisions.filter((revision) => isLeftBy(revision, own, others, request))
  add(await removeObjects(cluster, proposed.map(madeByOperator), context))
  if (result.left.length === 0 && made !== undefined) add(await clusterGone(cluster, made, context))
  return result
}

function belongsTo({ metadata }: KubernetesObject, { name, uid }: WithdrawnRequest): boolean {
  const marked = metadata.annotations?.[REQUEST_UID]
  if (marked !== undefined) return uid === undefined ? metadata.name === name : marked === uid
  return metadata.name === name
}

/**
 * One whose deletion is proposed, of the package that our PackageVariant made. After a death in between the variant is gone: then the cluster's name says so, as long as
 * no other variant makes that package.
 */
function isLeftBy(
  revision: KubernetesObject,
  own: readonly KubernetesObject[],
  others: readonly KubernetesObject[],
  { clusterName }: WithdrawnRequest,
): boolean {
  if (targetsOf(own).has(revision.metadata.name)) return true
  if (stringAt(revision, 'spec', 'lifecycle') !== 'DeletionProposed') return false
  const name = stringAt(revision, 'spec', 'packageName')
  const made = [clusterName, ...own.map((variant) => stringAt(variant, 'spec', 'downstream', 'package'))]
  const kept = others.some((variant) => stringAt(variant, 'spec', 'downstream', 'package') === name)
  return name !== undefined && made.includes(name) && !kept
}

const targetsOf = (variants: readonly KubernetesObject[]): Set<string | undefined> =>
  new Set(
    variants.flatMap((variant) =>
      listAt(variant, 'status', 'downstreamTargets').map((target) => stringAt(target, 'name')),
    ),
  )

/** The uid says which one is meant; that it is another's is no reason to keep it. */
const madeByOperator = (object: KubernetesObject): MadeObject => ({
  ...refOf(object),
  uid: object.metadata.uid,
  action: 'created',
})

/** The Cluster that it made: noted when it stood, or the one that its package makes. */
async function clusterOf(
  cluster: Cluster,
  own: readonly KubernetesObject[],
  { clusterName, clusterUid }: WithdrawnRequest,
  { signal }: StepContext,
): Promise<MadeObject | undefined> {
  const [variant] = own
  const name = clusterName ?? stringAt(variant, 'spec', 'downstream', 'package')
  if (name === undefined || (clusterUid === undefined && variant === undefined)) return undefined
  const ref = { ...CAPI_CLUSTER, namespace: PACKAGES_NAMESPACE, name }
  const live = await throughOutages(() => cluster.get(ref, { signal }), signal)
  const uid = live?.metadata.uid
  return uid === undefined || (clusterUid !== undefined && uid !== clusterUid)
    ? undefined
    : { ...ref, uid, action: 'created' }
}

async function clusterGone(cluster: Cluster, made: MadeObject, { signal }: StepContext): Promise<Undone> {
  try {
    await waitUntilGone(cluster, made, made.uid, signal)
    return { undone: [made], left: [] }
  } catch (error) {
    if (!(error instanceof ServiceError) || !isPastDeadline(signal)) throw error
    return { undone: [], left: [{ ...made, reason: messageOf(error) }] }
  }
}

async function listIfServed(cluster: Cluster, kind: KindRef, { signal }: StepContext): Promise<KubernetesObject[]> {
  return await throughOutages(async () => {
    if ((await cluster.scope(kind, { signal })) === undefined) return []
    const objects = await cluster.list(kind, {}, { signal })
    return objects.map((object) => ({ ...object, ...kind }))
  }, signal)
}
