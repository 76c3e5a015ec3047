import { isDeepStrictEqual } from 'node:util'
import { ServiceError } from '../../errors.ts'
import type { JsonObject } from '../../json.ts'
import { VersionConflict } from '../../store/store.ts'
import type { Cluster, KubernetesObject } from '../cluster.ts'
import { at } from '../fields.ts'
import { refusalByFields } from './admission.ts'
import type { WriteParts } from './apply.ts'
import { invalidCustomField, undeclaredCustomField } from './custom-schema.ts'
import { nameOf, namespaceOf, refOf } from './naming.ts'
import { shown } from './stored-objects.ts'

/** The status subresource: nothing but `status` is taken, and only on top of the current resourceVersion. */
export function createWriteStatus({ objects, kinds }: Pick<WriteParts, 'objects' | 'kinds'>): Cluster['updateStatus'] {
  return async (object, { signal } = {}) => {
    signal?.throwIfAborted()
    const known = await kinds.need(object)
    const ref = refOf(object)
    const namespace = namespaceOf(known, ref)
    if (object.metadata.resourceVersion === undefined) {
      const missing = 'a status needs the metadata.resourceVersion at which the object was read'
      throw new ServiceError('APPLY_FAILED', `${nameOf(ref)}: ${missing}`)
    }
    if (!known.statusSubresource)
      throw new ServiceError('APPLY_FAILED', `${nameOf(ref)}: ${ref.kind} has no status subresource`)
    const schema = await kinds.schemaOf(known, object.apiVersion)
    const undeclared = undeclaredCustomField({ status: object.status }, schema)
    const refused =
      refusalByFields(object, undeclared) ??
      invalidCustomField(object.status, at(schema, 'properties', 'status'), ['status'])
    if (refused !== undefined && object.status !== undefined)
      throw new ServiceError('APPLY_FAILED', `${nameOf(ref)}: ${refused}`)
    const { standing } = await objects.read(known, namespace, ref.name)
    if (standing === undefined) throw new ServiceError('APPLY_FAILED', `${nameOf(ref)} not found`)
    if (String(standing.revision) !== object.metadata.resourceVersion) throw modified(object)
    const after = withStatus(standing.object, object)
    if (isDeepStrictEqual(after, standing.object)) return shown(standing.object, standing.revision, object.apiVersion)
    const change = {
      known,
      namespace,
      name: ref.name,
      before: standing,
      after: { object: after, managers: standing.managers },
    }
    try {
      const [revision] = await objects.commit([change])
      return shown(after, revision ?? standing.revision, object.apiVersion)
    } catch (error) {
      if (error instanceof VersionConflict) throw modified(object)
      throw error
    }
  }
}

function withStatus(standing: JsonObject, { status }: KubernetesObject): JsonObject {
  const { status: _, ...rest } = standing
  if (status === undefined) return rest
  const copy: JsonObject = JSON.parse(JSON.stringify(status))
  return { ...rest, status: copy }
}

function modified(object: KubernetesObject): ServiceError {
  return new ServiceError('CONFLICT', `${nameOf(refOf(object))} has been modified; read it again`, { retryable: true })
}
