import { ServiceError } from '../errors.ts'
import { type SecretBox, StillReferenced, VersionConflict } from '../store/store.ts'
import { uuidOfName } from '../uuid-of-name.ts'
import type { OCloud } from './registry-types.ts'

/** Their collection, and the topic of the feed on which each change of one is told. */
export const OCLOUDS = 'ocloud'

/** Tells whoever follows the O-Clouds that one was registered, changed or removed. */
export const CHANGED = [{ event: 'changed', data: null }]

/** An O-Cloud as it is stored: the kubeconfig beside it, encrypted and bound to the id. */
export interface StoredOCloud extends OCloud {
  sealed?: string
}

/** Kubeconfigs as they are stored. */
export interface SealedKubeconfigs {
  seal(kubeconfig: string, oCloudId: string): string
  /** Undefined on a simulated O-Cloud. The result is a secret. */
  open(oCloud: StoredOCloud): string | undefined
}

export function createSealedKubeconfigs(secrets: SecretBox): SealedKubeconfigs {
  return {
    seal: (kubeconfig, oCloudId) => secrets.seal(kubeconfig, oCloudId),
    open: ({ sealed, oCloudId }) => (sealed === undefined ? undefined : secrets.open(sealed, oCloudId)),
  }
}

/** What may be answered. */
export function openPart({ sealed: _, ...oCloud }: StoredOCloud): OCloud {
  return oCloud
}

/** The id of the cluster of that name that a step of a request makes: always the same one (UUID version 5), so that a step which runs again after a death registers nothing twice. */
export function managedId(reference: string, step: string, name: string): string {
  return uuidOfName('ocloud', reference, step, name)
}

export function notFound(oCloudId: string): ServiceError {
  return new ServiceError('NOT_FOUND', `there is no O-Cloud ${oCloudId}`)
}

export function nameTaken(name: string): ServiceError {
  return new ServiceError('ALREADY_EXISTS', `another O-Cloud is called ${name}`, {
    fields: [{ pointer: '/name', message: 'is the name of another O-Cloud' }],
  })
}

export function inUse(name: string, by: readonly string[]): ServiceError {
  const names = by.slice(0, 5).map((record) => record.replace(':', ' '))
  const more = by.length > names.length ? ` and ${by.length - names.length} more` : ''
  return new ServiceError('IN_USE', `O-Cloud ${name} is used by ${names.join(', ')}${more}`)
}

export function changedSince(name: string): ServiceError {
  return new ServiceError('PRECONDITION_FAILED', `O-Cloud ${name} has changed since`)
}

/** The store's refusal in this service's words. */
export function refusalOf(error: unknown, name: string): unknown {
  if (error instanceof StillReferenced) return inUse(name, error.by)
  if (error instanceof VersionConflict) return changedSince(name)
  return error
}
