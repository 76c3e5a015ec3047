import type { Cluster, KubernetesObject, ObjectRef } from '../../clusters/cluster.ts'
import { stringAt } from '../../clusters/fields.ts'
import { ServiceError } from '../../errors.ts'
import { FOCOM_REQUEST, TEMPLATE_INFO } from '../../operators/kinds.ts'
import { differences } from './differences.ts'
import { throughOutages } from './limits.ts'
import { waitUntilGone } from './looking.ts'
import { nameOf, refOf } from './object-order.ts'
import { type Owner, stamped, standingOf } from './ownership.ts'
import { removeObjects } from './remove-objects.ts'
import type { StepContext, Undone } from './step.ts'

/**
 * FoCoM takes a TemplateInfo of one certain name in the request's own namespace, so that all requests of a template there share one. Who uses it need not be counted:
 * the FocomProvisioningRequests that name the template do.
 */
const OWNER: Owner = { reference: 'shared', step: 'template-info' }

/**
 * Has the TemplateInfo stand; called alone on the cluster. Rejects with CONFLICT when one of that name is somebody else's, or has another content that a request
 * relies on.
 */
export async function ensureTemplateInfo(
  cluster: Cluster,
  wanted: KubernetesObject,
  context: StepContext,
): Promise<void> {
  const { signal } = context
  const ref = refOf(wanted)
  let live = await cluster.get(ref, { signal })
  if (live?.metadata.deletionTimestamp !== undefined) {
    await waitUntilGone(cluster, ref, live.metadata.uid, signal)
    live = undefined
  }
  if (live !== undefined) {
    const standing = standingOf(live, OWNER)
    if (standing.standing === 'foreign')
      throw new ServiceError('CONFLICT', `${nameOf(ref)} belongs to ${standing.owner}`)
    const [difference] = differences(wanted.spec, live.spec)
    if (difference === undefined) return
    const user = await userOf(cluster, ref, wanted, context)
    if (user !== undefined)
      throw new ServiceError('CONFLICT', `${nameOf(ref)} is used by ${nameOf(refOf(user))}, and its ${difference}`)
  }
  await context.fence()
  const uid = live?.metadata.uid
  const expect = uid === undefined ? 'absent' : { uid }
  await cluster.apply(stamped(wanted, OWNER), { signal, force: true, expect })
}

/** Removes the TemplateInfo when it is ours and no request names its template any more; called alone on the cluster. */
export async function releaseTemplateInfo(cluster: Cluster, ref: ObjectRef, context: StepContext): Promise<Undone> {
  const { signal, request } = context
  const nothing: Undone = { undone: [], left: [] }
  const live = await throughOutages(() => cluster.get(ref, { signal }), signal)
  if (live === undefined || standingOf(live, OWNER).standing === 'foreign') return nothing
  const user = await throughOutages(() => userOf(cluster, ref, live, context), signal)
  if (user !== undefined) return nothing
  const common = { ...context, step: OWNER.step, request: { ...request, reference: OWNER.reference } }
  return removeObjects(cluster, [{ ...ref, uid: live.metadata.uid, action: 'unchanged' }], common)
}

/** A request in the same namespace, other than ours, that names this template. */
async function userOf(
  cluster: Cluster,
  { namespace }: ObjectRef,
  template: KubernetesObject,
  { signal, step, request }: StepContext,
): Promise<KubernetesObject | undefined> {
  const own = `${step}-${request.reference}`
  const requests = await cluster.list(FOCOM_REQUEST, { namespace }, { signal })
  const asked = (object: KubernetesObject) => [
    stringAt(object, 'spec', 'templateName'),
    stringAt(object, 'spec', 'templateVersion'),
  ]
  const user = requests.find((one) => one.metadata.name !== own && String(asked(one)) === String(asked(template)))
  return user && { ...user, ...FOCOM_REQUEST }
}

export function templateInfoOf(
  namespace: string,
  template: { templateName: string; templateVersion: string },
  templateParameterSchema: string,
): KubernetesObject {
  const name = `${template.templateName}-${template.templateVersion}`
  return { ...TEMPLATE_INFO, metadata: { name, namespace }, spec: { ...template, templateParameterSchema } }
}
