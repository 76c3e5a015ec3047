import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import { stringAt } from '../../clusters/fields.ts'
import { writeStatus } from '../../clusters/simulated/controllers/write-status.ts'
import type { JsonObject } from '../../json.ts'
import { nowInSeconds } from '../controller.ts'

export type State = 'progressing' | 'fulfilled' | 'failed'

export const VALIDATED = 'Provisioning request validation done'
export const RENDERED = 'Cluster instance rendering completed'
export const CREATED = 'Cluster resource created'
export const TIMED_OUT = 'Cluster resource creation failed reached timeout'
export const NO_CLUSTER_NAME =
  'Provisioning request validation failed; reason: clusterName is missing in template parameters'
export const ASKED_TO_FAIL = 'Cluster resource creation failed: the request asked for it (simulated)'

export interface ResourceIds {
  cluster: string
  infrastructure: string
}

/** Writes the whole of provisioningStatus, and the ids when there are any; a request that is gone needs no status. */
export async function publish(
  cluster: Cluster,
  request: KubernetesObject,
  state: State,
  message: string,
  ids?: ResourceIds,
): Promise<void> {
  const provisioningStatus: JsonObject = {
    provisioningState: state,
    provisioningMessage: message,
    provisioningUpdateTime: nowInSeconds(),
  }
  const resources: JsonObject = ids
    ? {
        provisionedResourceSet: {
          oCloudNodeClusterId: ids.cluster,
          oCloudInfrastructureResourceIds: [ids.infrastructure],
        },
      }
    : {}
  await writeStatus(cluster, request, ({ status }) => ({ ...status, provisioningStatus, ...resources }))
}

export function stateOf(request: KubernetesObject): string | undefined {
  return stringAt(request, 'status', 'provisioningStatus', 'provisioningState')
}

/** `templateParameters.clusterName`, the one parameter that the operator looks at beside labels. */
export function clusterNameOf(request: KubernetesObject): string | undefined {
  const name = stringAt(request, 'spec', 'templateParameters', 'clusterName')
  return name === '' ? undefined : name
}
