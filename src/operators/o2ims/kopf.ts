import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import { PROVISIONING_REQUEST } from '../kinds.ts'

const PREFIX = 'provisioningrequests.o2ims.provisioning.oran.org'

/**
 * kopf's notes in the annotations of an object that it handled: a change that followers see, with the generation unchanged. An error of a handler
 * stands here and, in the old generation, nowhere else.
 */
export async function noteHandled(cluster: Cluster, request: KubernetesObject, error?: string): Promise<void> {
  const { name, uid = '' } = request.metadata
  const annotations = {
    [`${PREFIX}/kopf-managed`]: 'yes',
    [`${PREFIX}/last-handled-configuration`]: JSON.stringify({ spec: request.spec ?? {} }),
    ...(error !== undefined && { [`${PREFIX}/create_fn`]: JSON.stringify({ failure: true, message: error }) }),
  }
  await cluster.apply({ ...PROVISIONING_REQUEST, metadata: { name, annotations } }, { expect: { uid }, force: true })
}
