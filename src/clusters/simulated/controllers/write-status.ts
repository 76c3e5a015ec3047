import { isDeepStrictEqual } from 'node:util'
import { ServiceError } from '../../../errors.ts'
import type { JsonObject } from '../../../json.ts'
import type { Cluster, KubernetesObject } from '../../cluster.ts'

const ATTEMPTS = 5

/**
 * Writes a status that is computed from the object, and again on top of the newer object after a conflict. `compute` answers undefined when there is
 * nothing to write any more; an object that is gone needs no status.
 */
export async function writeStatus(
  cluster: Cluster,
  object: KubernetesObject,
  compute: (object: KubernetesObject) => JsonObject | undefined,
): Promise<void> {
  const { apiVersion, kind, metadata } = object
  let current = object
  for (let attempt = 1; ; attempt += 1) {
    const status = compute(current)
    if (status === undefined || isDeepStrictEqual(status, current.status)) return
    try {
      await cluster.updateStatus({ ...current, status })
      return
    } catch (error) {
      if (!(error instanceof ServiceError) || attempt === ATTEMPTS) throw error
      const ref = { apiVersion, kind, name: metadata.name, namespace: metadata.namespace }
      const again = await cluster.get(ref)
      if (again?.metadata.uid !== metadata.uid || again === undefined) return
      if (error.code !== 'CONFLICT') throw error
      current = again
    }
  }
}
