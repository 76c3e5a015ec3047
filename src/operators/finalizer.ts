import type { Cluster, KubernetesObject } from '../clusters/cluster.ts'
import { refOf } from './controller.ts'

export function hasFinalizer({ metadata }: KubernetesObject, finalizer: string): boolean {
  return metadata.finalizers?.includes(finalizer) ?? false
}

/**
 * Sets or drops the operator's own finalizer, and nothing else: by server-side apply under the operator's field manager, which owns no other field of
 * the object's metadata. The last one that goes lets a deleted object go.
 */
export async function setFinalizer(
  cluster: Cluster,
  object: KubernetesObject,
  finalizer: string | undefined,
): Promise<void> {
  const { name, namespace, uid = '' } = refOfMeta(object)
  const { apiVersion, kind } = object
  const metadata = {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(finalizer !== undefined && { finalizers: [finalizer] }),
  }
  await cluster.apply({ apiVersion, kind, metadata }, { expect: { uid }, force: true })
}

function refOfMeta(object: KubernetesObject) {
  return { ...refOf(object), uid: object.metadata.uid }
}
