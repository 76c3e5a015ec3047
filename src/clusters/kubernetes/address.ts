import { ServiceError } from '../../errors.ts'
import type { CallOptions, KindRef, KubernetesObject, ObjectRef, Selection } from '../cluster.ts'
import type { Discovery, KindAddress } from './discovery.ts'

/** `Deployment "du" in namespace "ran"`: how an object is called in every message. */
export function nameOf(ref: ObjectRef): string {
  return `${ref.kind} "${ref.name}"${ref.namespace === undefined ? '' : ` in namespace "${ref.namespace}"`}`
}

export function refOf({ apiVersion, kind, metadata }: KubernetesObject): ObjectRef {
  const { namespace, name } = metadata
  return { apiVersion, kind, name, ...(namespace !== undefined && { namespace }) }
}

export function unknownKind({ apiVersion, kind }: KindRef): ServiceError {
  return new ServiceError('APPLY_FAILED', `The API server does not know ${apiVersion} ${kind}: is its CRD installed?`)
}

/** Why a server answers 404 for the address of a kind. Rejects when it cannot be asked. */
export type Unserved = (kind: KindRef, options: CallOptions) => Promise<ServiceError>

/**
 * APPLY_FAILED for a kind that is not there (any more). UNAVAILABLE (retryable) for one that the server lists: its definition is new, and not every replica of the API server
 * has read it yet.
 */
export function createUnserved(discovery: Discovery): Unserved {
  return async (kind, options) => {
    discovery.forget(kind.apiVersion)
    if ((await discovery.find(kind, options)) === undefined) return unknownKind(kind)
    const said = `The API server lists ${kind.apiVersion} ${kind.kind} and does not serve it`
    return new ServiceError('UNAVAILABLE', said, { retryable: true })
  }
}

/** @throws ServiceError APPLY_FAILED when the server does not serve the kind */
export async function addressOf(discovery: Discovery, kind: KindRef, options: CallOptions): Promise<KindAddress> {
  const address = await discovery.find(kind, options)
  if (address === undefined) throw unknownKind(kind)
  return address
}

/** @throws ServiceError APPLY_FAILED when the reference does not fit its kind, or cannot be a part of an address */
export function objectPath(address: KindAddress, ref: ObjectRef): string {
  if (address.namespaced && ref.namespace === undefined) {
    throw new ServiceError('APPLY_FAILED', `${nameOf(ref)} needs a namespace`)
  }
  if (!address.namespaced && ref.namespace !== undefined) {
    throw new ServiceError('APPLY_FAILED', `${nameOf(ref)}: ${ref.kind} is cluster-scoped and takes no namespace`)
  }
  return `${collectionPath(address, ref.namespace)}/${segment(ref.name, nameOf(ref))}`
}

export function collectionPath({ root, plural }: KindAddress, namespace: string | undefined): string {
  if (namespace === undefined) return `${root}/${plural}`
  return `${root}/namespaces/${segment(namespace, `The namespace "${namespace}"`)}/${plural}`
}

export function selectors({ name, labelSelector }: Selection): Record<string, string | undefined> {
  return { fieldSelector: name === undefined ? undefined : `metadata.name=${name}`, labelSelector }
}

function segment(text: string, what: string): string {
  if (text === '' || text === '.' || text === '..' || /[/%]/.test(text)) {
    throw new ServiceError('APPLY_FAILED', `${what}: the name must not be empty, "." or "..", nor hold "/" or "%"`)
  }
  return encodeURIComponent(text)
}
