import type { KubernetesObject } from '../../clusters/cluster.ts'
import { at, isObject, stringAt } from '../../clusters/fields.ts'

/** What FoCoM writes into a request, and whether it looks again. */
export interface Told {
  phase: string
  message: string
  ended: boolean
}

/** What FoCoM makes of the remote request; the letters of the phases are as the true one writes them. */
export function toldOf(remote: KubernetesObject | undefined): Told {
  if (remote === undefined) return { phase: 'failed', message: 'Remote resource not found', ended: true }
  const status = at(remote, 'status', 'provisioningStatus')
  if (!isObject(status)) return { phase: 'provisioning', message: 'Remote CR has no status yet', ended: false }
  const state = stringAt(status, 'provisioningState') ?? ''
  const message = stringAt(status, 'provisioningMessage') ?? ''
  switch (state) {
    case 'fulfilled':
      return { phase: 'Fulfilled', message, ended: true }
    case 'failed':
      return { phase: 'Failed', message, ended: true }
    case 'progressing':
    case 'deleting':
      return { phase: state, message, ended: false }
    default:
      return { phase: 'provisioning', message: `Unknown remote state: ${state}`, ended: false }
  }
}

/** Another case than the usual one: upper where that is lower, and the other way round. */
export function inWrongCase({ phase, ...told }: Told): Told {
  const swapped = [...phase].map((letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  )
  return { ...told, phase: swapped.join('') }
}
