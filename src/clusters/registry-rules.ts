import { type FieldError, ServiceError } from '../errors.ts'
import type { OCloud, OCloudInput } from './registry-types.ts'

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** POST: exactly one of kubeconfig and simulated: true. A name that looks like an id could be taken for another O-Cloud's. */
export function checkNew(input: OCloudInput): void {
  checkName(input.name)
  const simulated = input.simulated === true
  if (!simulated && input.kubeconfig === undefined)
    refuse('INVALID_ARGS', '/kubeconfig', 'is required, or simulated: true')
  if (simulated && input.kubeconfig !== undefined)
    refuse('INVALID_ARGS', '/kubeconfig', 'must be left out when simulated is true')
}

/** PUT: what an O-Cloud is made of stays. */
export function checkReplacement(input: OCloudInput, current: OCloud): void {
  checkName(input.name)
  if (input.simulated !== undefined && input.simulated !== current.simulated)
    refuse('IMMUTABLE', '/simulated', 'is fixed from the start')
  if (input.kubeconfig !== undefined && current.simulated)
    refuse('IMMUTABLE', '/kubeconfig', 'has no place on a simulated O-Cloud')
}

function checkName(name: string): void {
  if (ID.test(name)) refuse('INVALID_ARGS', '/name', 'must not look like an id')
}

function refuse(code: 'INVALID_ARGS' | 'IMMUTABLE', pointer: string, message: string): never {
  const fields: FieldError[] = [{ pointer, message }]
  throw new ServiceError(code, `${pointer.slice(1)} ${message}`, { fields })
}
