import type { JsonObject } from '../../../json.ts'
import type { KubernetesObject } from '../../cluster.ts'
import { listAt, stringAt } from '../../fields.ts'

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
export function stamp(at: Date = new Date()): string {
  return `${at.toISOString().slice(0, 19)}Z`
}

/** A condition whose lastTransitionTime stays as long as its status does. */
export function condition(
  before: KubernetesObject | undefined,
  type: string,
  status: 'True' | 'False',
  reason: string,
  message: string,
): JsonObject {
  const known = listAt(before, 'status', 'conditions').find((entry) => stringAt(entry, 'type') === type)
  const since = stringAt(known, 'status') === status ? stringAt(known, 'lastTransitionTime') : undefined
  return { type, status, reason, message, lastTransitionTime: since ?? stamp() }
}
