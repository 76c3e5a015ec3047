import type { Logger } from 'pino'
import { ServiceError } from '../errors.ts'
import { AlreadyExists, type Collection } from '../store/store.ts'
import type { OCloud } from './registry-types.ts'
import { CHANGED, managedId, type SealedKubeconfigs, type StoredOCloud } from './stored-ocloud.ts'

export interface ManagedParts {
  oClouds: Collection<StoredOCloud>
  kubeconfigs: SealedKubeconfigs
  log: Logger
}

export interface MadeCluster {
  name: string
  /** Absent on a simulated cluster, and when it is only looked up again. */
  kubeconfig?: string
  madeBy: NonNullable<OCloud['madeBy']>
}

/**
 * Registers a cluster that a step made, or finds it again: the same id for the same request and step, however often and by however many processes.
 * Rejects with CONFLICT when another O-Cloud has the name.
 */
export async function registerManaged(cluster: MadeCluster, parts: ManagedParts): Promise<StoredOCloud> {
  const { oClouds, kubeconfigs, log } = parts
  const { name, kubeconfig, madeBy } = cluster
  const oCloudId = managedId(madeBy.reference, madeBy.step, name)
  const known = await renew(oCloudId, kubeconfig, parts)
  if (known) return known
  const value: StoredOCloud = {
    oCloudId,
    name,
    labels: {},
    simulated: kubeconfig === undefined,
    managed: true,
    madeBy,
    createdAt: new Date().toISOString(),
    ...(kubeconfig !== undefined && { sealed: kubeconfigs.seal(kubeconfig, oCloudId) }),
  }
  try {
    await oClouds.create(oCloudId, value, { unique: name, events: CHANGED })
  } catch (error) {
    if (!(error instanceof AlreadyExists)) throw error
    // The same step in another process, or another O-Cloud with that name.
    const meanwhile = await renew(oCloudId, kubeconfig, parts)
    if (meanwhile) return meanwhile
    throw new ServiceError('CONFLICT', `another O-Cloud is called ${name} already; give this cluster another name`, {
      cause: error,
    })
  }
  log.info({ oCloudId, name, ...madeBy }, 'O-Cloud registered that a request made')
  return value
}

/** Undefined when it is not there. A kubeconfig that did not change is not written again. */
async function renew(
  oCloudId: string,
  kubeconfig: string | undefined,
  { oClouds, kubeconfigs }: ManagedParts,
): Promise<StoredOCloud | undefined> {
  const stored = await oClouds.update(oCloudId, ({ value }) => {
    if (kubeconfig === undefined || value.simulated || kubeconfigs.open(value) === kubeconfig) return undefined
    const sealed = kubeconfigs.seal(kubeconfig, oCloudId)
    return { value: { ...value, sealed }, alongside: { unique: value.name, events: CHANGED } }
  })
  return stored?.value
}
