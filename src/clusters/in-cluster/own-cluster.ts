import type { Logger } from 'pino'
import { ServiceError } from '../../errors.ts'
import { AlreadyExists, type Collection } from '../../store/store.ts'
import { uuidOfName } from '../../uuid-of-name.ts'
import type { OCloud, OCloudInput } from '../registry-types.ts'
import { CHANGED, type StoredOCloud } from '../stored-ocloud.ts'
import { createInClusterAccount, type InClusterAccount } from './account.ts'
import type { InClusterSettings } from './settings.ts'

/** The cluster that this service runs in, as an O-Cloud. */
export interface OwnCluster {
  /** The same in every process and after every restart, and no other service's. */
  oCloudId: string
  name: string
  account: InClusterAccount
}

/** `ownId` is what this service alone has as its id. */
export function createOwnCluster({ name, ...where }: InClusterSettings, ownId: string): OwnCluster {
  return { oCloudId: uuidOfName('ocloud', 'in-cluster', ownId), name, account: createInClusterAccount(where) }
}

/**
 * Registers it, or finds it again, however many processes do so at once; a new name in the settings renames it. Rejects with UNAVAILABLE when the account is
 * not mounted, with ALREADY_EXISTS when another O-Cloud has the name.
 */
export async function registerOwn(own: OwnCluster, oClouds: Collection<StoredOCloud>, log: Logger): Promise<void> {
  const { oCloudId, name } = own
  own.account.kubeconfig()
  try {
    if (await renamed(own, oClouds)) return
    const description = 'The cluster that this service runs in'
    const createdAt = new Date().toISOString()
    const value = { oCloudId, name, description, labels: {}, simulated: false, managed: false, createdAt }
    await oClouds.create(oCloudId, value, { unique: name, events: CHANGED })
    log.info({ oCloudId, name }, 'the cluster that this service runs in was registered')
  } catch (error) {
    if (!(error instanceof AlreadyExists)) throw error
    // Another process was first, or another O-Cloud has the name.
    if ((await oClouds.get(oCloudId))?.value.name === name) return
    throw new ServiceError('ALREADY_EXISTS', nameOfAnother(name), { cause: error })
  }
}

/** False when it is not there. */
async function renamed({ oCloudId, name }: OwnCluster, oClouds: Collection<StoredOCloud>): Promise<boolean> {
  const stored = await oClouds.update(oCloudId, ({ value }) =>
    value.name === name ? undefined : { value: { ...value, name }, alongside: { unique: name, events: CHANGED } },
  )
  return stored !== undefined
}

const nameOfAnother = (name: string) =>
  `IN_CLUSTER_OCLOUD is ${name}, which is the name of another O-Cloud: give it another name`

const PINNED = 'belongs to the cluster that this service runs in, which the setting IN_CLUSTER_OCLOUD registers'

/** PUT: its name comes from the settings, its credentials from Kubernetes. */
export function checkOwnReplacement(input: OCloudInput, { name }: OCloud): void {
  if (input.kubeconfig !== undefined) refuse('/kubeconfig', `${PINNED}, and is taken from its service account`)
  if (input.name !== name) refuse('/name', `${PINNED}; change it there`)
}

function refuse(pointer: string, message: string): never {
  throw new ServiceError('IMMUTABLE', `${pointer.slice(1)} ${message}`, { fields: [{ pointer, message }] })
}

export function cannotForgetOwn(name: string): ServiceError {
  return new ServiceError(
    'FORBIDDEN',
    `O-Cloud ${name} is the cluster that this service runs in: start the service without IN_CLUSTER_OCLOUD to remove it`,
  )
}

/** Its token would let others act as this service, and is worth nothing within the hour. */
export function cannotHandOut(name: string): ServiceError {
  return new ServiceError(
    'FORBIDDEN',
    `O-Cloud ${name} is the cluster that this service runs in, and its service account is not handed on: register the cluster once more, with the kubeconfig of an account for that purpose`,
  )
}

/** A record of an own cluster, in a process that is not told of one. */
export function notInside(name: string): ServiceError {
  return new ServiceError(
    'UNAVAILABLE',
    `O-Cloud ${name} is reached with the service account of a pod, and this process is started without IN_CLUSTER_OCLOUD: set it, or delete the O-Cloud`,
  )
}
