import { ServiceError } from '../../errors.ts'
import type { KubernetesObject, ObjectRef } from '../cluster.ts'
import type { KnownKind } from './kinds.ts'

/** `Deployment "du" in namespace "ran"`: how an object is called in messages. */
export function nameOf(ref: ObjectRef): string {
  return `${ref.kind} "${ref.name}"${ref.namespace === undefined ? '' : ` in namespace "${ref.namespace}"`}`
}

export function refOf({ apiVersion, kind, metadata }: KubernetesObject): ObjectRef {
  return {
    apiVersion,
    kind,
    name: metadata.name,
    ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
  }
}

/**
 * The namespace of an object; empty for a cluster-scoped kind.
 * @throws ServiceError APPLY_FAILED when the reference does not fit its kind
 */
export function namespaceOf(known: KnownKind, ref: ObjectRef): string {
  if (known.scope === 'Cluster') {
    if (ref.namespace === undefined) return ''
    throw new ServiceError('APPLY_FAILED', `${nameOf(ref)}: ${ref.kind} is cluster-scoped and takes no namespace`)
  }
  if (ref.namespace === undefined || ref.namespace === '')
    throw new ServiceError('APPLY_FAILED', `${nameOf(ref)} needs a namespace`)
  return ref.namespace
}
