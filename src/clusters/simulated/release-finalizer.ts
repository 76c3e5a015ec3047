import type { Cluster } from '../cluster.ts'
import { isJsonObject } from './admission.ts'
import type { WriteParts } from './apply.ts'
import { namespaceOf } from './naming.ts'
import { untilWritten } from './until-written.ts'

/** The end of a finalizer whose controller is gone: the last one lets a deleted object go. */
export function createReleaseFinalizer({
  objects,
  kinds,
}: Pick<WriteParts, 'objects' | 'kinds'>): Cluster['releaseFinalizer'] {
  return async (ref, finalizer, { signal, uid }) => {
    signal?.throwIfAborted()
    const known = await kinds.find(ref)
    if (known === undefined) return
    const namespace = namespaceOf(known, ref)
    await untilWritten(signal, async () => {
      const { standing } = await objects.read(known, namespace, ref.name)
      const metadata = standing?.object.metadata
      if (standing === undefined || !isJsonObject(metadata) || metadata.uid !== uid) return
      const before = Array.isArray(metadata.finalizers) ? metadata.finalizers : []
      const finalizers = before.filter((one) => one !== finalizer)
      if (finalizers.length === before.length) return
      const released = metadata.deletionTimestamp !== undefined && finalizers.length === 0
      const object = { ...standing.object, metadata: { ...metadata, finalizers } }
      const after = released ? undefined : { object, managers: standing.managers }
      await objects.commit([{ known, namespace, name: ref.name, before: standing, after }])
    })
  }
}
